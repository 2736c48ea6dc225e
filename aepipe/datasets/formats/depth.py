"""Depth of pixels: what a picture's file says, and what its values use."""

from typing import TYPE_CHECKING

import numpy as np

from aepipe.errors import UnreadPixelsError

if TYPE_CHECKING:
    from PIL import Image

WHITE = 255
DEEP_WHITE = 65535
# Tags of TIFF.
REDUCED_COPY, BITS_PER_SAMPLE, PHOTOMETRIC, MAX_SAMPLE_VALUE = 254, 258, 262, 281


def deep_values(picture: "Image.Image") -> np.ndarray:
    """Return the grey values of a picture of 16 bits a pixel, uint16.

    Raises:
        UnreadPixelsError: it has more bits.
    """
    values = np.asarray(picture)
    if values.min() < 0 or values.max() > DEEP_WHITE:
        raise UnreadPixelsError(
            "A picture must have 8 or 16 bits a channel.", minimum=int(values.min()), maximum=int(values.max())
        )
    return values.astype(np.uint16)


def bits_of(largest: int) -> int:
    """Return how many bits a camera has whose pixels reach so far."""
    return next(bits for bits in (8, 10, 12, 14, 16) if largest < 1 << bits)


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
