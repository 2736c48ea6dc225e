"""Fitting of pictures: from the height and width of each file to those of the data set."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

Fit = Literal["crop", "pad", "stretch"]
# (height, width)
Size = tuple[int, int]

# The longer side of a size that nobody chose, and what its sides are multiples of where pictures are reduced to it.
LONGEST_SIDE, STEP = 128, 8
# Of a data set, so many pictures decide; with fewer of one shape they become squares.
DECISIVE_SHARE = 0.5
# Shapes this near to each other are one: cameras round their pictures to blocks.
SAME_ASPECT = 0.02
# (red, green, blue) of a pixel's brightness, in 65,536ths: ITU-R 601, as Pillow and every JPEG have it.
LUMA = (19595, 38470, 7471)


@dataclass(frozen=True)
class Form:
    """What the pixels of a data set depend on beside its files.

    Attributes:
        size: The (height, width) of every picture.
        fit: How those of another shape are brought to it.
        is_grey: Colour is given up.
    """

    size: Size
    fit: Fit = "crop"
    is_grey: bool = False

    @property
    def text(self) -> str:
        """The form in a word, such as 96x128-crop."""
        return f"{self.size[0]}x{self.size[1]}-{self.fit}{'-grey' * self.is_grey}"

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Return a picture's pixels in this form: (height, width) or (height, width, 3), of the same type."""
        return fitted(grey(pixels) if self.is_grey else pixels, self.size, self.fit)


def choose_size(found: Mapping[Size, int]) -> Size:
    """Return the size that suits pictures of these sizes, (height, width) and how many have it.

    The size that at least half of them have is kept, or reduced to 128 pixels with its shape. Where sizes differ, the
    shape that half of them have is kept, at a size that enlarges at most half of those; where shapes differ, too, they
    become squares.
    """
    total = sum(found.values())
    size, count = max(found.items(), key=lambda item: (item[1], item[0]))
    if count >= DECISIVE_SHARE * total:
        return size if max(size) <= LONGEST_SIDE else _reduced(size)
    shape = _median(found, lambda size: size[1] / size[0])
    alike = {other: number for other, number in found.items() if _is_alike(shape, other)}
    if sum(alike.values()) >= DECISIVE_SHARE * total:
        return _reduced(_median(alike, math.prod))
    squares = Counter[Size]()
    for other, number in found.items():
        squares[min(other), min(other)] += number
    return _reduced(_median(squares, math.prod))


def _is_alike(one: Size, other: Size) -> bool:
    return abs(math.log(one[0] * other[1] / (one[1] * other[0]))) <= SAME_ASPECT


def _median(found: Mapping[Size, int], measure: Callable[[Size], float]) -> Size:
    """Return the size that at most half of them are smaller than, by some measure."""
    sizes = sorted(found, key=lambda size: (measure(size), size))
    ends = np.cumsum([found[size] for size in sizes])
    return sizes[int(np.searchsorted(ends, ends[-1] / 2))]


def _reduced(size: Size) -> Size:
    """Return a size of at most 128 pixels and much the same shape; its sides are multiples of 8."""
    longest = max(size)
    if longest < STEP:
        return size
    side = min(LONGEST_SIDE, longest // STEP * STEP)
    height, width = (max(STEP, STEP * round(own * side / longest / STEP)) for own in size)
    return height, width


def window(own: Size, target: Size) -> tuple[int, int, int, int]:
    """Return (top, left, height, width) of the largest centred part of a picture that has the target's shape."""
    height, width = own
    if width * target[0] > height * target[1]:
        width = max(1, round(height * target[1] / target[0]))
    else:
        height = max(1, round(width * target[0] / target[1]))
    return (own[0] - height) // 2, (own[1] - width) // 2, height, width


def cut_share(own: Size, target: Size, fit: Fit) -> float:
    """Return the share of a picture's area that fitting cuts away."""
    if fit != "crop":
        return 0.0
    _, _, height, width = window(own, target)
    return 1 - height * width / (own[0] * own[1])


def fitted(pixels: np.ndarray, size: Size, fit: Fit) -> np.ndarray:
    """Return a picture, (height, width) or (height, width, channels), at another size, of the same type.

    crop takes the largest centred part of the size's shape. pad takes all of it, and fills what is left over with the
    mean colour of the edges that it borders on. stretch takes all of it, and gives up its shape.
    """
    if pixels.shape[:2] == size:
        return pixels
    if fit == "stretch":
        return resized(pixels, size)
    if fit == "crop":
        top, left, height, width = window(pixels.shape[:2], size)
        return resized(pixels[top : top + height, left : left + width], size)
    height, width = pixels.shape[:2]
    scale = min(size[0] / height, size[1] / width)
    inner = min(size[0], max(1, round(height * scale))), min(size[1], max(1, round(width * scale)))
    return _padded(resized(pixels, inner), size)


def resized(pixels: np.ndarray, size: Size) -> np.ndarray:
    """Return a picture's pixels at another size, stretched, of the same type: Lanczos, with antialiasing."""
    from PIL import Image

    if pixels.shape[:2] == size:
        return pixels
    if pixels.shape[2:] == (1,):
        return resized(pixels[..., 0], size)[..., np.newaxis]
    height, width = size
    if pixels.dtype == np.uint8:
        small = Image.fromarray(np.ascontiguousarray(pixels)).resize((width, height), Image.Resampling.LANCZOS)
        return np.asarray(small)
    channels = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize((width, height), Image.Resampling.LANCZOS))
        for plane in np.moveaxis(np.atleast_3d(pixels).astype(np.float32), -1, 0)
    ]
    # It overshoots at edges.
    values = np.clip(np.stack(channels, -1), pixels.min(), pixels.max()).reshape(*size, *pixels.shape[2:])
    return values if pixels.dtype.kind == "f" else np.round(values).astype(pixels.dtype)


def grey(pixels: np.ndarray) -> np.ndarray:
    """Return the brightness of (..., height, width, 3), of the same type; what has one channel stays as it is."""
    if pixels.ndim < 3 or pixels.shape[-1] != 3:
        return pixels
    red, green, blue = LUMA
    if pixels.dtype.kind == "f":
        values: np.ndarray = (pixels @ np.array(LUMA, pixels.dtype) / 65536).astype(pixels.dtype)
        return values
    wide = pixels.astype(np.uint32)
    total = wide[..., 0] * red + wide[..., 1] * green + wide[..., 2] * blue
    return ((total + 32768) >> 16).astype(pixels.dtype)


def _padded(pixels: np.ndarray, size: Size) -> np.ndarray:
    """Return a picture in the middle of a larger one."""
    height, width = pixels.shape[:2]
    sides = [pixels[[0, -1]]] * (height < size[0]) + [pixels[:, [0, -1]]] * (width < size[1])
    edge = np.concatenate([side.reshape(-1, *pixels.shape[2:]) for side in sides or [pixels]]).mean(axis=0)
    whole = np.empty((*size, *pixels.shape[2:]), pixels.dtype)
    whole[:] = edge if pixels.dtype.kind == "f" else np.round(edge)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    whole[top : top + height, left : left + width] = pixels
    return whole
