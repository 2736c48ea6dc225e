"""Mask of a data set: which pixels of its pictures count. The others are black, in training and in use."""

import base64
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from aepipe.datasets.formats.fitting import Fit, Form, Size, window
from aepipe.datasets.picture_settings import MAX_SIDE

NAME_DIGITS = 16
# Those of the last few sizes of pictures stay in memory: a camera's pictures have one.
MAX_KEPT = 4

# Rows and columns of a picture.
Part = tuple[slice, slice]


class PixelMask(BaseModel):
    """Which pixels count, at the size that pictures are brought to; it goes with the models that learned with it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    height: int = Field(ge=1, le=MAX_SIDE, description="Of every picture, in pixels.")
    width: int = Field(ge=1, le=MAX_SIDE, description="Of every picture, in pixels.")
    bits: str = Field(description="A bit for each pixel, row by row, 1 where it counts; 8 of them a byte, in Base64.")

    @classmethod
    def of(cls, counts: np.ndarray) -> Self:
        """Return the mask of (height, width) booleans, true where a pixel counts."""
        height, width = counts.shape
        return cls(height=height, width=width, bits=base64.b64encode(np.packbits(counts).tobytes()).decode())

    @property
    def counts(self) -> np.ndarray:
        """(height, width) booleans, true where a pixel counts."""
        bits = np.frombuffer(base64.b64decode(self.bits), np.uint8)
        return np.unpackbits(bits, count=self.height * self.width).reshape(self.size).astype(bool)

    @property
    def size(self) -> Size:
        """The (height, width) of the pictures."""
        return self.height, self.width

    @property
    def share(self) -> float:
        """Share of the pixels that count."""
        return float(self.counts.mean())

    @property
    def words(self) -> str:
        """What it does, as a person should know it."""
        return f"{100 * self.share:.3g}% of the pixels count, the others are black"

    @property
    def text(self) -> str:
        """A word that no other mask has."""
        digest = hashlib.sha256(f"{self.height}x{self.width} {self.bits}".encode()).hexdigest()
        return f"mask-{digest[:NAME_DIGITS]}"

    def cover(self, pictures: np.ndarray, fit: Fit, black: float = 0) -> np.ndarray:
        """Return pictures, of the same type, that are black where pixels don't count.

        Args:
            pictures: (..., height, width, channels), of this size or as they are before they are brought to it.
            fit: How they are brought to it.
            black: Their value of black.
        """
        height, width = pictures.shape[-3:-1]
        inside = _in_picture(self, (height, width), fit)[..., np.newaxis]
        return np.where(inside, pictures, pictures.dtype.type(black))

    @model_validator(mode="after")
    def _has_a_bit_for_each_pixel(self) -> Self:
        # What is no Base64 is a ValueError, too.
        if len(base64.b64decode(self.bits, validate=True)) != -(-self.height * self.width // 8):
            raise ValueError("a mask has a bit for each pixel")
        return self


@dataclass(frozen=True)
class MaskedForm(Form):
    """A form of pictures of which only some pixels count.

    The others are black before a picture is fitted as well, so that nothing of them comes into their neighbours.

    Attributes:
        mask: Which count.
    """

    mask: PixelMask = field(kw_only=True)

    @property
    def text(self) -> str:
        """The form in a word, with that of the mask."""
        return f"{super().text}-{self.mask.text}"

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Return a picture's pixels in this form: (height, width) or (height, width, 3), of the same type."""
        fitted = super().apply(self.mask.cover(np.atleast_3d(pixels), self.fit))
        covered = self.mask.cover(fitted, self.fit)
        return covered[..., 0] if pixels.ndim == 2 else covered


def with_mask(form: Form, mask: PixelMask | None) -> Form:
    """Return the same form with a mask, where there is one."""
    return form if mask is None else MaskedForm(form.size, form.fit, form.is_grey, mask=mask)


def fitted_counts(counts: np.ndarray, size: Size, fit: Fit) -> np.ndarray:
    """Return (height, width) booleans, where a pixel counts, at another size, as pictures are brought to it.

    A pixel counts where all that lies in it does. What pad adds is nothing of a picture, and does not count.
    """
    seen, place = _parts(counts.shape, size, fit)
    whole = np.zeros(size, bool)
    height, width = whole[place].shape
    whole[place] = _along(_along(counts[seen], height, 0), width, 1)
    return whole


@lru_cache(MAX_KEPT)
def _in_picture(mask: PixelMask, own: Size, fit: Fit) -> np.ndarray:
    """Return which pixels of a picture count before it is brought to the mask's size; what is cut away does."""
    seen, place = _parts(own, mask.size, fit)
    whole, counts = np.ones(own, bool), mask.counts[place]
    height, width = whole[seen].shape
    whole[seen] = counts[np.ix_(_nearest(height, counts.shape[0]), _nearest(width, counts.shape[1]))]
    return whole


def _parts(own: Size, size: Size, fit: Fit) -> tuple[Part, Part]:
    """Return the part of a picture that is seen at a size, and the part of that which it fills."""
    everything = slice(None), slice(None)
    if fit == "stretch":
        return everything, everything
    top, left, height, width = window(own, size) if fit == "crop" else window(size, own)
    part = slice(top, top + height), slice(left, left + width)
    return (part, everything) if fit == "crop" else (everything, part)


def _along(counts: np.ndarray, length: int, axis: int) -> np.ndarray:
    """Return where pixels count with another number of them along one side."""
    own = counts.shape[axis]
    if own < length:
        return counts.take(_nearest(length, own), axis)
    begins = np.searchsorted(_nearest(own, length), np.arange(length))
    found: np.ndarray = np.logical_and.reduceat(counts, begins, axis)
    return found


def _nearest(length: int, other: int) -> np.ndarray:
    """Return for each pixel along a side the one that its centre lies in where there are other many."""
    return (2 * np.arange(length) + 1) * other // (2 * length)
