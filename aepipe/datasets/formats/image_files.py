"""Picture files (JPEG, PNG, ...) decoded to one size; broken ones are passed over, each with a warning."""

import io
import logging
import struct
import warnings
from collections.abc import Iterable

import numpy as np

from aepipe.datasets.formats.members import Member
from aepipe.errors import DataError

logger = logging.getLogger(__name__)

MAXIMUM_PIXELS = 50_000_000
# Images that all have one square size up to this stay as they are.
LARGEST_KEPT_SIZE = 128
GREY_MODES = ("1", "L", "LA", "La", "I;16", "I;16L", "I;16B", "I;16N")
DEEP_MODES = ("I", "F")
WHITE = 255
# What Pillow raises for bytes that are no picture, beside its own errors.
BROKEN_PICTURE = (OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, OverflowError, struct.error)


def decode_images(members: Iterable[Member], image_size: int) -> tuple[np.ndarray, list[str]]:
    """Return the images and the names of the members that they are from.

    Images are turned as their EXIF orientation says. Where they don't all have one square size of at most 128 pixels,
    each is cropped to the largest centred square and resized to `image_size`. They have one channel where all files
    are grey, else three; what is transparent becomes white.

    Args:
        members: The files.
        image_size: Height and width in pixels of images that have no common size.

    Returns:
        uint8 (num_images, height, width, channels), and the names in the same order.
    """
    pictures, names = [], []
    for member in members:
        try:
            pictures.append(_decode(member.read(), image_size))
            names.append(member.name)
        except DataError as error:
            logger.warning("%s is left out: %s", member.name, error)
    if not pictures:
        return np.empty((0, image_size, image_size, 1), np.uint8), names
    return _stack(pictures, image_size), names


def _stack(pictures: list, image_size: int) -> np.ndarray:
    sizes = {picture.size for picture in pictures}
    width, height = next(iter(sizes))
    if len(sizes) > 1 or width != height:
        pictures = [_square(picture, image_size) for picture in pictures]
    mode = "L" if all(picture.mode == "L" for picture in pictures) else "RGB"
    images = np.stack([np.asarray(picture.convert(mode)) for picture in pictures])
    return images[..., np.newaxis] if mode == "L" else images


def decode_picture(member: Member, height: int, width: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Return one picture by itself, and the height and width that its file has, upright.

    A square of at most 128 pixels stays as it is, and so does a picture of exactly this height and width. Any other
    is cropped to the largest centred square and resized, as `decode_images` does.

    Returns:
        uint8 (height, width, channels) with 1 or 3 channels, and the file's (height, width).

    Raises:
        DataError: it can't be read, or is no picture.
    """
    upright = _open(member.read())
    found = (upright.height, upright.width)
    is_small_square = upright.height == upright.width <= LARGEST_KEPT_SIZE
    picture = upright if is_small_square or found == (height, width) else _square(upright, max(height, width))
    return np.atleast_3d(np.asarray(picture)), found


def _decode(data: bytes, image_size: int):
    """Return a picture of mode L or RGB, upright, no larger than needed."""
    upright = _open(data)
    return _square(upright, image_size) if max(upright.size) > LARGEST_KEPT_SIZE else upright


def _open(data: bytes):
    """Return a picture of mode L or RGB, upright."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow warns of damaged metadata, which doesn't matter here, and of pictures made to fill the memory.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as picture:
                _check_size(picture)
                picture.load()
                return _plain(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError as error:
        # Pillow's own message names an object in memory.
        raise DataError("The file must be a picture that Pillow reads: its bytes are of no format it knows.") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, *BROKEN_PICTURE) as error:
        raise DataError(f"The file must be a picture that Pillow reads: {error}.") from error


def _check_size(picture) -> None:
    width, height = picture.size
    if width * height > MAXIMUM_PIXELS:
        raise DataError(f"A picture must have at most {MAXIMUM_PIXELS} pixels.", width=width, height=height)
    if picture.mode in DEEP_MODES:
        raise DataError("A picture must have 8 or 16 bits a channel.", mode=picture.mode)


def _plain(picture):
    """Return the picture in mode L or RGB."""
    from PIL import Image

    if picture.mode.startswith("I;16"):
        deep = np.asarray(picture).astype(np.float32)
        return Image.fromarray(np.round(deep / 257).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, (WHITE, WHITE, WHITE, WHITE))
        picture, mode = Image.alpha_composite(paper, layer), "L" if picture.mode in GREY_MODES else "RGB"
        return picture.convert(mode)
    return picture.convert("L" if picture.mode in GREY_MODES else "RGB")


def _square(picture, size: int):
    from PIL import Image

    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.LANCZOS)
