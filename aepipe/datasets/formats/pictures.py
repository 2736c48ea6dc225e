"""One picture file (JPEG, PNG, ...) decoded: whatever a decoder does with its bytes stays that file's affair."""

import hashlib
import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

import numpy as np

from aepipe.datasets.formats.depth import (
    REDUCED_COPY,
    WHITE,
    deep_values,
    is_deep_color,
    is_negative,
    tag_of,
    tagged_bits,
    upper_bits_as_deep,
    used_bits,
)
from aepipe.datasets.formats.fitting import Size
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
# What Pillow may take bytes for; its other formats run programs, hold several things, or are nobody's pictures.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "AVIF", "JPEG2000")
# Their further frames are previews of the first.
SINGLE_FORMATS = ("JPEG", "MPO")
GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
NO_PICTURE = "The file must be a picture that Pillow reads"
# Those of EXIF that lay a picture on its side.
ORIENTATION, LYING = 0x0112, range(5, 9)


Change = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Picture:
    """One frame, upright, in the form that was asked for.

    Attributes:
        name: The file's name; with #number where the file has several frames.
        pixels: (height, width) grey or (height, width, 3), uint8, or uint16 where the file has more bits. A picture
            whose channels are all equal is grey, however its file keeps it.
        pixels_sha256: Digest of them at the file's own size: equal pictures have equal ones, whatever their files are.
        file_size: The (height, width) that the file has, upright.
        mode: How the file keeps pixels, in Pillow's words.
        bits: Bits of a channel that are used, as far as this picture tells: 8 or more.
        bulk_bits: Bits that nearly all pixels need; fewer than `bits` where some stand out.
        is_deep_color: The file has 16 bits a channel, of which the upper 8 are read.
        was_negative: White is 0 in the file.
        was_transparent: Something became white.
    """

    name: str
    pixels: np.ndarray
    pixels_sha256: str
    file_size: Size
    mode: str
    bits: int = 8
    bulk_bits: int = 8
    is_deep_color: bool = False
    was_negative: bool = False
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


def read_frames(member: Member, data: bytes, fit: Change | None = None, first_only: bool = False) -> Frames:
    """Return the frames of a picture file, at most `MAX_FRAMES`.

    Args:
        member: The file.
        data: Its bytes.
        fit: What is done to each frame's pixels before the next one is decoded.
        first_only: Whether the further frames of a stack or an animation are left.

    Raises:
        BrokenFileError: the bytes are no picture, or a damaged one.
    """
    most = 1 if first_only else MAX_FRAMES
    with _decoding(data), _opened(data) as picture:
        num_frames = 1 if picture.format in SINGLE_FORMATS else getattr(picture, "n_frames", 1)
        found: list[Picture] = []
        num_left = getattr(picture, "n_frames", 1) - num_frames
        for number in range(num_frames):
            if len(found) == most:
                num_left += num_frames - number
                break
            if num_frames > 1:
                picture.seek(number)
            _check(picture)
            if number and tag_of(picture, REDUCED_COPY, 0) & 1:
                num_left += 1
                continue
            digits = len(str(num_frames - 1))
            is_named_alone = first_only or num_frames == 1
            name = member.name if is_named_alone else f"{member.name}#{number:0{digits}}"
            with _room_for(picture):
                found.append(_plain(name, picture, fit))
        return Frames(tuple(found), num_left)


def size_of(data: bytes) -> Size | None:
    """Return the upright (height, width) of a file's first frame, from its header; None where it is no picture."""
    try:
        with _decoding(data), _opened(data) as picture:
            size = picture.height, picture.width
            return size[::-1] if picture.getexif().get(ORIENTATION) in LYING else size
    except BrokenFileError:
        return None


def digest_of(pixels: np.ndarray) -> str:
    """Return the sha256 of a picture's size, type and pixels."""
    digest = hashlib.sha256(f"{pixels.shape}{pixels.dtype.str}".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def _room_for(picture: "Image.Image") -> AbstractContextManager[object]:
    """Return what a picture waits for: only a few large ones are in memory at a time."""
    return LARGE_ONES if picture.width * picture.height > LARGE_PIXELS else nullcontext()


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


def _plain(name: str, picture: "Image.Image", fit: Change | None) -> Picture:
    """Return a frame with its pixels as grey or RGB."""
    mode, has_deep_color = picture.mode, is_deep_color(picture)
    was_negative, named_bits = is_negative(picture), tagged_bits(picture)
    picture.load()
    upright = _upright(picture)
    was_transparent = False
    if mode.startswith("I"):
        pixels = deep_values(upright, named_bits, was_negative)
    else:
        pixels, was_transparent = _of_8_bits(upright)
    if has_deep_color:
        pixels = upper_bits_as_deep(pixels)
    pixels = _without_equal_channels(pixels)
    bits = bulk_bits = 16 if has_deep_color else 8
    if pixels.dtype == np.uint16:
        bits, bulk_bits = used_bits(pixels)
        bits = named_bits or bits
    return Picture(
        name,
        pixels if fit is None else fit(pixels),
        digest_of(pixels),
        pixels.shape[:2],
        mode,
        bits,
        min(bits, bulk_bits),
        has_deep_color,
        was_negative,
        was_transparent,
    )


def _upright(picture: "Image.Image") -> "Image.Image":
    from PIL import ImageOps

    # Most pictures are, and a copy of each would cost a tenth of the time.
    return picture if picture.getexif().get(ORIENTATION, 1) == 1 else ImageOps.exif_transpose(picture)


def _of_8_bits(picture: "Image.Image") -> tuple[np.ndarray, bool]:
    """Return the pixels as grey or RGB, uint8, on white where they are transparent; and whether any are."""
    from PIL import Image

    was_transparent, mode = False, "L" if picture.mode in GREY_MODES else "RGB"
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        was_transparent = bool(np.asarray(layer.getchannel("A")).min() < WHITE)
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (WHITE, WHITE, WHITE, WHITE)), layer)
    return np.asarray(picture if picture.mode == mode else picture.convert(mode)), was_transparent


def _without_equal_channels(pixels: np.ndarray) -> np.ndarray:
    """Return a picture of three equal channels as one of them, any other as it is."""
    if pixels.ndim == 2:
        return pixels
    # The pixels of one line tell nearly every colour picture.
    for some in (pixels[len(pixels) // 2], pixels):
        if (some[..., 0] != some[..., 1]).any() or (some[..., 0] != some[..., 2]).any():
            return pixels
    return np.ascontiguousarray(pixels[..., 0])
