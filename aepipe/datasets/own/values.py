"""Values of pixels: what all images of a data set have in common once they are read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aepipe.datasets.formats.depth import WHITE
from aepipe.datasets.own.rows import UPPER_BITS, Row
from aepipe.errors import DataError

# Bits of a value in a block.
BYTE_DEPTH, DEEP, FLOAT_DEPTH = 8, 16, 32
COLOR = 3


@dataclass(frozen=True)
class Values:
    """The channels, the type by NumPy's name, and the value of white of all images."""

    channels: int
    dtype: str
    white: float


def values_of(images: Sequence[Row], is_rgb: bool) -> Values:
    """Return the one kind of values that all images have when they are read.

    Raises:
        DataError: some are floats, and others are not.
    """
    channels = 3 if is_rgb else max(row["channels"] for row in images)
    depth = max(row["depth"] for row in images)
    if depth == FLOAT_DEPTH:
        if any(row["depth"] != FLOAT_DEPTH for row in images):
            raise DataError("Noisy and clean images are floats, or both are integers.", "Save both in one type.")
        return Values(channels, "float32", 1)
    if depth == BYTE_DEPTH:
        return Values(channels, "uint8", WHITE)
    return Values(channels, "uint16", (1 << max(deep_bits(images))) - 1)


def deep_bits(images: Iterable[Row]) -> list[int]:
    """Return the bits that images of more than 8 use."""
    return [row["bits"] for row in images if row["depth"] == DEEP or UPPER_BITS in (row["treatment"] or "")]
