"""Noisy inputs: the same seed gives the same bytes on any machine, in any order, in any batch.

Each image has its own stream of random integers, keyed by seed, kind, level and the image's row. What is drawn stays
integer arithmetic and table look-ups until one rounding to 8 bits, so no library's idea of a normal draw can change it.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from aepipe.arrays import Int, Real, UInt8

Draw = Callable[[np.ndarray, int, np.ndarray], np.ndarray]
NoiseKind = Literal["gaussian", "heteroscedastic", "salt-and-pepper", "masking", "dropout", "scratches"]
# Those of a denoiser's test set where none are named.
KINDS: tuple[NoiseKind, ...] = ("gaussian", "heteroscedastic", "salt-and-pepper", "masking", "dropout")
# Of the shorter side, how wide a scratch is; at least a pixel.
SCRATCH_WIDTH = 1 / 32
WHITE = 255
BITS = 1 << 16
# What is worked on at a time, so that it stays in the processor's cache.
BATCH_VALUES = 1 << 17
# Gaussian noise under this changes hardly a pixel by one of its 255 levels of grey.
MIN_LEVEL = 0.001
# Pixels are hidden behind one of those in a window of so many rows and columns around them.
WINDOW = 5


class NoiseSpec(BaseModel):
    """One kind of noise at one level."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: NoiseKind = Field(description="What is done to a pixel.")
    level: float = Field(
        ge=MIN_LEVEL, le=1, description="Standard deviation for pixels in [0, 1], or share of the pixels."
    )


class NoiseBaseline(BaseModel):
    """What there is to beat on one kind of noise at one level: MSE per pixel of the clean image."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: NoiseKind = Field(description="What is done to a pixel.")
    level: float = Field(description="Standard deviation for pixels in [0, 1], or share of the pixels.")
    nothing_mse: float = Field(description="Of the noisy image as it is.")
    linear_mse: float = Field(description="Of what the best linear map makes of it.")


class NoiseParameters(BaseModel):
    """A noisy-input test set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: tuple[NoiseKind, ...] | None = Field(
        None,
        min_length=1,
        title="Kinds",
        description="Where none are named: all but scratches for data that a denoiser is trained on, gaussian alone "
        "for others. "
        "gaussian: one standard deviation; heteroscedastic: one for each pixel, between 0 and twice the "
        "level; salt-and-pepper: a share of the pixels turns black or white; masking: black squares; dropout: a "
        "share of the pixels turns black; scratches: black and white lines.",
    )
    levels: tuple[float, ...] = Field(
        (0.1, 0.2, 0.4),
        min_length=1,
        title="Levels",
        description="Standard deviation, or share of the pixels; from 0.001 to 1.",
    )
    seed: int = Field(0, ge=0, lt=2**32, title="Seed", description="What all draws depend on.")
    max_images: int = Field(
        1000,
        ge=1,
        title="Most images",
        description="The first so many held-out images are used, fewer of large images.",
    )

    @field_validator("levels")
    @classmethod
    def _levels_are_shares(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if not all(MIN_LEVEL <= level <= 1 for level in levels):
            raise ValueError(f"a level lies in [{MIN_LEVEL}, 1]")
        return levels

    @field_validator("kinds", "levels")
    @classmethod
    def _are_distinct(cls, values: tuple | None) -> tuple | None:
        if values is not None and len(set(values)) < len(values):
            raise ValueError("each kind and each level is named once")
        return values

    def with_needed_kinds(self, is_for_denoiser: bool, judged_on: Sequence[NoiseSpec] = ()) -> "NoiseParameters":
        """Return the same with kinds named: those that were, otherwise what is enough for what is trained.

        Args:
            is_for_denoiser: A denoiser is trained on the data.
            judged_on: What such ones are judged on, which is in it whatever was named.
        """
        kinds = self.kinds or (KINDS if is_for_denoiser else KINDS[:1])
        kinds = tuple(dict.fromkeys((*kinds, *(spec.kind for spec in judged_on))))
        levels = tuple(dict.fromkeys((*self.levels, *(spec.level for spec in judged_on))))
        return self.model_copy(update={"kinds": kinds, "levels": levels})

    @property
    def specs(self) -> tuple[NoiseSpec, ...]:
        """Every kind at every level."""
        return tuple(NoiseSpec(kind=kind, level=level) for kind in self.kinds or KINDS for level in self.levels)


def corrupt(
    images: Real[np.ndarray, "num_images height width channels"],
    spec: NoiseSpec,
    seed: int,
    image_ids: Int[np.ndarray, " num_images"],
) -> UInt8[np.ndarray, "num_images height width channels"]:
    """Return noisy images.

    Args:
        images: (num_images, height, width, channels) in [0, 1].
        spec: What is done to them.
        seed: What the draws depend on.
        image_ids: (num_images,) each image's row in its data set; the same row always gets the same noise.

    Returns:
        uint8 of the same shape, 255 for white.
    """
    level = round(spec.level * BITS)
    key = int.from_bytes(hashlib.sha256(f"{seed}/{spec.kind}/{level}".encode()).digest()[:8], "big")
    if len(image_ids) != len(images):
        raise ValueError(f"Each image has an id. Received: {len(images)} images and {len(image_ids)} ids")
    draw, noisy = DRAWS[spec.kind], np.empty(images.shape, np.uint8)
    num_values = math.prod(images.shape[1:])
    num_rows = max(1, BATCH_VALUES // max(1, num_values))
    for start in range(0, len(images), num_rows):
        rows = slice(start, start + num_rows)
        grey = np.rint(np.asarray(images[rows], np.float64) * WHITE).astype(np.int64)
        integers = np.stack([_integers(key, int(image_id), 2 * num_values) for image_id in image_ids[rows]])
        noisy[rows] = draw(grey, level, integers.reshape(len(grey), 2, *grey.shape[1:])).clip(0, WHITE)
    return noisy


def hide(
    images: Real[np.ndarray, "num_images height width channels"],
    share: float,
    seed: int,
    image_ids: Int[np.ndarray, " num_images"],
) -> tuple[np.ndarray, np.ndarray]:
    """Return images in which some pixels are one of those around them, float32, and which pixels those are.

    Args:
        images: (num_images, height, width, channels) in [0, 1].
        share: Share of the pixels that are hidden.
        seed: What the draws depend on.
        image_ids: (num_images,) each image's row in its data set; the same row always gets the same draws.
    """
    level = round(share * BITS)
    key = int.from_bytes(hashlib.sha256(f"{seed}/blind-spot/{level}".encode()).digest()[:8], "big")
    found, (height, width) = np.array(images, np.float32), images.shape[1:3]
    hidden = np.empty((*images.shape[:3], 1), bool)
    rows, columns = np.mgrid[:height, :width]
    for row, image_id in enumerate(image_ids):
        first, second = _integers(key, int(image_id), 2 * height * width).astype(np.int64).reshape(2, height, width)
        place = second * (WINDOW * WINDOW - 1) // BITS
        # The place in the middle is the pixel's own.
        place += place >= WINDOW * WINDOW // 2
        vertical, horizontal = place // WINDOW - WINDOW // 2, place % WINDOW - WINDOW // 2
        neighbours = images[row][_beside(rows, vertical, height), _beside(columns, horizontal, width)]
        hidden[row, ..., 0] = first < level
        found[row] = np.where(hidden[row], neighbours, found[row])
    return found, hidden


def _beside(places: np.ndarray, steps: np.ndarray, length: int) -> np.ndarray:
    """Return places after steps; one that would lead outside goes the other way."""
    found = places + steps
    return np.where((found < 0) | (found >= length), places - steps, found).clip(0, length - 1)


def _integers(key: int, image_id: int, count: int) -> np.ndarray:
    """Return uint16 of (count,), uniform."""
    words = np.random.Philox(key=[key, image_id]).random_raw(-(-count // 4))
    return words.astype("<u8", copy=False).view("<u2")[:count]


@cache
def _normal_table() -> np.ndarray:
    """Return the normal quantile of each 16-bit integer, in units of 1/65536, as integers."""
    # Here, because it takes a while, and every command knows the kinds of noise.
    from scipy.special import ndtri

    return np.rint(ndtri((np.arange(BITS) + 0.5) / BITS) * BITS).astype(np.int64)


# Each takes levels of grey, int64 of (num_images, height, width, channels), a level in units of 1/65536, and two
# uniform 16-bit integers for each of the images' values: (num_images, 2, height, width, channels).


def _gaussian(images: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
    return images + _scaled(_normal_table()[integers[:, 0]] * level)


def _heteroscedastic(images: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
    deviations = 2 * level * integers[:, 1].astype(np.int64) // BITS
    return images + _scaled(_normal_table()[integers[:, 0]] * deviations)


def _scaled(noise: np.ndarray) -> np.ndarray:
    """Return noise in units of 1/65536 squared as levels of grey, rounded to the nearest."""
    unit = BITS * BITS
    return (noise * WHITE + unit // 2) // unit


def _salt_and_pepper(images: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
    return np.where(integers[:, 0] < level, np.where(integers[:, 1] % 2, WHITE, 0), images)


def _dropout(images: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
    return np.where(integers[:, 0] < level, 0, images)


def _for_each(draw: Draw) -> Draw:
    """Let what draws on one image, by its integers in a row, do so on many: each takes as many draws as it needs."""

    def draw_each(images: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
        rows = integers.reshape(len(images), -1).astype(np.int64)
        return np.stack([draw(image, level, row) for image, row in zip(images, rows, strict=True)])

    return draw_each


@_for_each
def _masking(image: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
    """Black out squares of a quarter of the height, at drawn places, until the share is reached or the draws end."""
    height, width, _ = image.shape
    side = max(1, height // 4)
    masked = image.copy()
    covered = np.zeros((height, width), bool)
    for vertical, horizontal in integers.reshape(-1, 2):
        if covered.sum() * BITS >= level * covered.size:
            break
        top, left = vertical * (height - side + 1) // BITS, horizontal * (width - side + 1) // BITS
        covered[top : top + side, left : left + side] = True
    masked[covered] = 0
    return masked


@_for_each
def _scratches(image: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
    """Draw black and white lines, each from one edge to the opposite one, until the share is reached or draws end."""
    height, width, _ = image.shape
    rows, columns = np.mgrid[:height, :width]
    wide = max(1, round(min(height, width) * SCRATCH_WIDTH))
    scratched = image.copy()
    covered = np.zeros((height, width), bool)
    for begins, ends, direction, colour in integers[: len(integers) // 4 * 4].reshape(-1, 4):
        if covered.sum() * BITS >= level * covered.size:
            break
        is_down = direction < BITS // 2
        places, along, (breadth, length) = (
            (columns, rows, (width, height)) if is_down else (rows, columns, (height, width))
        )
        begin, end, steps = begins * breadth // BITS, ends * breadth // BITS, max(1, length - 1)
        new = 2 * np.abs((places - begin) * steps - (end - begin) * along) <= wide * steps
        scratched[new] = WHITE if colour < BITS // 2 else 0
        covered |= new
    return scratched


DRAWS: Mapping[NoiseKind, Draw] = {
    "gaussian": _gaussian,
    "heteroscedastic": _heteroscedastic,
    "salt-and-pepper": _salt_and_pepper,
    "masking": _masking,
    "dropout": _dropout,
    "scratches": _scratches,
}
