"""Depth of pixels: what a picture's file says, and what its values use."""

from typing import TYPE_CHECKING

import numpy as np

from aepipe.errors import UnreadPixelsError

if TYPE_CHECKING:
    from PIL import Image

WHITE = 255
DEEP_WHITE = 65535
# Share of the pixels that say how bright a picture is; a few hot ones do not.
BULK = 0.999
# Tags of TIFF.
REDUCED_COPY, BITS_PER_SAMPLE, PHOTOMETRIC, MAX_SAMPLE_VALUE = 254, 258, 262, 281


def deep_values(picture: "Image.Image", named_bits: int | None, is_turned: bool) -> np.ndarray:
    """Return the grey values of a picture of 16 bits a pixel, uint16, of which 0 is black.

    Args:
        picture: The picture.
        named_bits: The bits that its file names; no value is larger.
        is_turned: Whether 0 is white in the file. Black is then the largest value of the bits that the file uses.

    Raises:
        UnreadPixelsError: it has more bits.
    """
    values = np.asarray(picture)
    if values.min() < 0 or values.max() > DEEP_WHITE:
        raise UnreadPixelsError(
            "A picture must have 8 or 16 bits a channel.", minimum=int(values.min()), maximum=int(values.max())
        )
    largest = (1 << (named_bits or 16)) - 1
    values = np.minimum(values, largest).astype(np.uint16)
    if not is_turned:
        return values
    return np.uint16((1 << (named_bits or bits_of(int(values.max())))) - 1) - values


def upper_bits_as_deep(pixels: np.ndarray) -> np.ndarray:
    """Return the upper 8 of 16 bits as what they stand for, uint16, where the picture uses fewer bits than 16."""
    if bits_of(int(pixels.max()) << 8) == 16:
        return pixels
    return pixels.astype(np.uint16) * (DEEP_WHITE // WHITE)


def widened(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Return pixels of 8 bits as uint16 whose white is the largest value of so many bits."""
    white = (1 << bits) - 1
    return np.round(pixels * np.float32(white / WHITE)).astype(np.uint16)


def is_negative(picture: "Image.Image") -> bool:
    """Tell whether 0 is white in a file of 16 bits a pixel; Pillow turns the others itself."""
    return picture.mode.startswith("I;16") and tag_of(picture, PHOTOMETRIC, 1) == 0


def bits_of(largest: int) -> int:
    """Return how many bits a camera has whose pixels reach so far."""
    return next(bits for bits in (8, 10, 12, 14, 16) if largest < 1 << bits)


def used_bits(values: np.ndarray) -> tuple[int, int]:
    """Return the bits that the values of a picture use, and those that nearly all of them need."""
    return bits_of(int(values.max())), bits_of(int(np.quantile(values, BULK)))


def tagged_bits(picture: "Image.Image") -> int | None:
    """Return the bits of a pixel that a TIFF file names, where they are not the container's own."""
    largest = tag_of(picture, MAX_SAMPLE_VALUE, 0)
    bits = tag_of(picture, BITS_PER_SAMPLE, 16)
    if WHITE < largest < DEEP_WHITE:
        return bits_of(largest)
    return bits if 8 < bits < 16 else None


def tag_of(picture: "Image.Image", number: int, default: int) -> int:
    """Return an integer that a TIFF file says of a picture; the default where it does not, or is none."""
    tags = getattr(picture, "tag_v2", None) or {}
    value = tags.get(number, default)
    value = value[0] if isinstance(value, tuple) and value else value
    return value if isinstance(value, int) else default


def is_deep_color(picture: "Image.Image") -> bool:
    """Tell whether Pillow drops the lower 8 bits of each channel."""
    if picture.mode.startswith("I"):
        return False
    arguments = [tile[3] for tile in getattr(picture, "tile", ())]
    raw_modes = [argument[0] if isinstance(argument, tuple) and argument else argument for argument in arguments]
    return any(isinstance(raw_mode, str) and ";16" in raw_mode for raw_mode in raw_modes)
