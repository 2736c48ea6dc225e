"""One picture file (JPEG, PNG, ...) decoded: whatever a decoder does with its bytes stays that file's affair."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

import numpy as np

from aepipe.datasets.formats.depth import (
    PHOTOMETRIC,
    REDUCED_COPY,
    WHITE,
    bits_of,
    deep_values,
    is_deep_color,
    tag_of,
    tagged_bits,
)
from aepipe.datasets.formats.members import Member
from aepipe.datasets.formats.signatures import begins_as_picture, is_heic, without_metadata
from aepipe.errors import (
    AepipeError,
    BrokenFileError,
    NoPictureError,
    TooLargeError,
    UnreadKindError,
    UnreadPixelsError,
)

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 50_000_000
MAX_FRAMES = 1000
LARGE_PIXELS = 16_000_000
LARGE_ONES = BoundedSemaphore(2)
# Images that all have one square size up to this stay as they are.
MAX_KEPT_SIZE = 128
# What Pillow may take bytes for; its other formats run programs, hold several things, or are nobody's pictures.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "AVIF", "JPEG2000")
# Their further frames are previews of the first.
SINGLE_FORMATS = ("JPEG", "MPO")
GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
NO_PICTURE = "The file must be a picture that Pillow reads"
# Share of the pixels that say how bright a picture is; a few hot ones do not.
BULK = 0.999


@dataclass(frozen=True)
class Picture:
    """One frame, upright.

    Attributes:
        name: The file's name; with #number where the file has several frames.
        pixels: (height, width) grey or (height, width, 3), uint8, or uint16 where `bits` is more than 8.
        file_size: The (height, width) that the file has, upright.
        mode: How the file keeps pixels, in Pillow's words.
        bits: Bits of a pixel that are used, as far as this picture tells: 8 or more.
        bulk_bits: Bits that nearly all pixels need; fewer than `bits` where some stand out.
        is_deep_color: The file has 16 bits a channel, of which `pixels` has the upper 8.
        is_negative: White is 0 in `pixels`.
        was_transparent: Something became white.
    """

    name: str
    pixels: np.ndarray
    file_size: tuple[int, int]
    mode: str
    bits: int = 8
    bulk_bits: int = 8
    is_deep_color: bool = False
    is_negative: bool = False
    was_transparent: bool = False

    @property
    def is_deep(self) -> bool:
        """Whether it has 16 bits a pixel."""
        return self.pixels.dtype == np.uint16


@dataclass(frozen=True)
class Frames:
    """What one file gave, and how many more frames it has."""

    pictures: tuple[Picture, ...]
    num_left: int = 0


def read_frames(member: Member, data: bytes, fit: Callable[[Picture], Picture]) -> Frames:
    """Return the frames of a picture file, at most `MAX_FRAMES`.

    Args:
        member: The file.
        data: Its bytes.
        fit: What is done to each frame before the next one is decoded.

    Raises:
        BrokenFileError: the bytes are no picture, or a damaged one.
    """
    with _decoding(data), _opened(data) as picture:
        num_frames = 1 if picture.format in SINGLE_FORMATS else getattr(picture, "n_frames", 1)
        found: list[Picture] = []
        num_left = getattr(picture, "n_frames", 1) - num_frames
        for number in range(num_frames):
            if len(found) == MAX_FRAMES:
                num_left += num_frames - number
                break
            if num_frames > 1:
                picture.seek(number)
            _check(picture)
            if number and tag_of(picture, REDUCED_COPY, 0) & 1:
                num_left += 1
                continue
            digits = len(str(num_frames - 1))
            name = f"{member.name}#{number:0{digits}}" if num_frames > 1 else member.name
            with _room_for(picture):
                found.append(fit(_plain(name, picture)))
        return Frames(tuple(found), num_left)


def _room_for(picture: "Image.Image") -> AbstractContextManager[object]:
    """Return what a picture waits for: only a few large ones are in memory at a time."""
    return LARGE_ONES if picture.width * picture.height > LARGE_PIXELS else nullcontext()


def is_small_square(picture: Picture) -> bool:
    """Tell whether a picture may stay as it is."""
    height, width = picture.pixels.shape[:2]
    return height == width <= MAX_KEPT_SIZE


def resized(picture: Picture, size: int) -> Picture:
    """Return the largest centred square of a picture, at this height and width."""
    from PIL import Image

    height, width = picture.pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = picture.pixels[top : top + side, left : left + side]
    if side == size:
        return replace(picture, pixels=square)
    if picture.is_deep:
        planes = [
            np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize((size, size), Image.Resampling.LANCZOS))
            for plane in np.moveaxis(np.atleast_3d(square).astype(np.float32), -1, 0)
        ]
        # It overshoots at edges; of a negative, white has a smallest value.
        smallest = square.min() if picture.is_negative else 0
        values = np.clip(np.round(np.stack(planes, -1)), smallest, square.max()).astype(np.uint16)
        return replace(picture, pixels=values if square.ndim == 3 else values[..., 0])
    small = Image.fromarray(np.ascontiguousarray(square)).resize((size, size), Image.Resampling.LANCZOS)
    return replace(picture, pixels=np.asarray(small))


def small_or_resized(size: int, picture: Picture) -> Picture:
    """Return a small square as it is, anything else at this height and width."""
    return picture if is_small_square(picture) else resized(picture, size)


def to_8_bits(picture: Picture, sample_bits: int | None = None) -> np.ndarray:
    """Return a picture's pixels as uint8.

    Args:
        picture: The picture.
        sample_bits: Bits that a picture of 16 bits uses: white is the largest value of so many. Its own where None,
            or where it has larger values. A negative is turned within the bits of its file, which may be more.
    """
    bits = max(picture.bits, sample_bits or 0)
    if picture.is_deep:
        values, white = picture.pixels, (1 << bits) - 1
        if picture.is_negative:
            values = white - np.minimum(values, white)
            white = (1 << max(sample_bits or 0, bits_of(int(values.max())))) - 1
        scaled = np.minimum(values, white).astype(np.float32) * np.float32(WHITE / white)
        return np.round(scaled).astype(np.uint8)
    if picture.is_deep_color and 8 < bits < 16:
        white = (1 << (bits - 8)) - 1
        return np.round(np.minimum(picture.pixels, white) * np.float32(WHITE / white)).astype(np.uint8)
    return picture.pixels


@contextmanager
def _decoding(data: bytes) -> Iterator[None]:
    """Turn whatever a decoder raises into one error of the file's."""
    from PIL import Image, UnidentifiedImageError

    try:
        yield
    except (AepipeError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise TooLargeError(f"A picture must have at most {MAX_PIXELS} pixels: {error}.") from error
    except UnidentifiedImageError as error:
        # Pillow's own message names an object in memory.
        if is_heic(data):
            raise UnreadKindError("HEIC is not read; convert it to JPEG.") from error
        raise _no_picture(data, "its bytes are of no format that is read") from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise _no_picture(data, reason) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Let Pillow not warn of damaged metadata, nor of large pictures, which are refused here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _no_picture(data: bytes, reason: str) -> BrokenFileError:
    """Return why bytes are no picture that is read: they are damaged, or were never meant to be one."""
    kind = BrokenFileError if begins_as_picture(data) else NoPictureError
    return kind(f"{NO_PICTURE}: {reason}.")


def _opened(data: bytes) -> "Image.Image":
    from PIL import Image

    return Image.open(io.BytesIO(without_metadata(data)), formats=FORMATS)


def _check(picture: "Image.Image") -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise TooLargeError(f"A picture must have at most {MAX_PIXELS} pixels.", width=width, height=height)
    if picture.mode == "F":
        raise UnreadPixelsError("A picture must have 8 or 16 bits a channel, not floats.", mode=picture.mode)


def _plain(name: str, picture: "Image.Image") -> Picture:
    """Return a frame with its pixels as grey or RGB."""
    from PIL import Image, ImageOps

    mode, has_deep_color = picture.mode, is_deep_color(picture)
    negative = mode.startswith("I;16") and tag_of(picture, PHOTOMETRIC, 1) == 0
    named_bits = tagged_bits(picture)
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    size = (upright.height, upright.width)
    if mode.startswith("I"):
        values = deep_values(upright)
        bits, bulk = bits_of(int(values.max())), bits_of(int(np.quantile(values, BULK)))
        return Picture(name, values, size, mode, named_bits or bits, bits if negative else bulk, is_negative=negative)
    transparent = upright.has_transparency_data
    if transparent:
        layer = upright.convert("RGBA")
        transparent = bool(np.asarray(layer.getchannel("A")).min() < WHITE)
        paper = Image.new("RGBA", upright.size, (WHITE, WHITE, WHITE, WHITE))
        upright = Image.alpha_composite(paper, layer)
    pixels = np.asarray(upright.convert("L" if mode in GREY_MODES else "RGB"))
    bits = bits_of(int(pixels.max()) << 8) if has_deep_color else 8
    return Picture(name, pixels, size, mode, bits, bits, has_deep_color, was_transparent=transparent)
