"""Noisy inputs: the same seed gives the same bytes on any machine, in any order, in any batch.

Each image has its own stream of random integers, keyed by seed, kind, level and the image's row. What is drawn stays
integer arithmetic and table look-ups until one rounding to 8 bits, so no library's idea of a normal draw can change it.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator
from scipy.special import ndtri

from aepipe.datasets.images import array_sha256
from aepipe.errors import CorruptObjectError

NoiseKind = Literal["gaussian", "heteroscedastic", "salt-and-pepper", "masking", "dropout"]
KINDS: tuple[NoiseKind, ...] = ("gaussian", "heteroscedastic", "salt-and-pepper", "masking", "dropout")
WHITE = 255
BITS = 1 << 16


class NoiseSpec(BaseModel):
    """One kind of noise at one level."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: NoiseKind = Field(description="What is done to a pixel.")
    level: float = Field(gt=0, le=1, description="Standard deviation for pixels in [0, 1], or share of the pixels.")


class NoiseParameters(BaseModel):
    """A noisy-input test set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: tuple[NoiseKind, ...] = Field(
        KINDS,
        min_length=1,
        title="Kinds",
        description="gaussian: one standard deviation; heteroscedastic: one for each pixel, between 0 and twice the "
        "level; salt-and-pepper: a share of the pixels turns black or white; masking: black squares; dropout: a "
        "share of the pixels turns black.",
    )
    levels: tuple[float, ...] = Field(
        (0.1, 0.2, 0.4), min_length=1, title="Levels", description="Standard deviation, or share of the pixels."
    )
    seed: int = Field(0, ge=0, lt=2**32, title="Seed", description="What all draws depend on.")
    max_images: int = Field(1000, ge=1, title="Most images", description="The first so many held-out images are used.")

    @field_validator("levels")
    @classmethod
    def _levels_are_shares(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < level <= 1 for level in levels):
            raise ValueError("a level lies in (0, 1]")
        return levels

    @property
    def specs(self) -> tuple[NoiseSpec, ...]:
        """Every kind at every level."""
        return tuple(NoiseSpec(kind=kind, level=level) for kind in self.kinds for level in self.levels)


def corrupt(images: np.ndarray, spec: NoiseSpec, seed: int, image_ids: np.ndarray) -> np.ndarray:
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
    levels_of_grey = np.rint(np.asarray(images, np.float64) * WHITE).astype(np.int64)
    draw = DRAWS[spec.kind]
    noisy = np.empty(images.shape, np.uint8)
    for row, (image, image_id) in enumerate(zip(levels_of_grey, image_ids, strict=True)):
        noisy[row] = draw(image, level, _integers(key, int(image_id), 2 * image.size)).clip(0, WHITE)
    return noisy


def _integers(key: int, image_id: int, count: int) -> np.ndarray:
    """Return int64 of (count,), uniform in [0, 65536)."""
    words = np.random.Philox(key=[key, image_id]).random_raw(-(-count // 4))
    return words.astype("<u8").view("<u2")[:count].astype(np.int64)


@cache
def _normal_table() -> np.ndarray:
    """Return the normal quantile of each 16-bit integer, in units of 1/65536, as integers."""
    return np.rint(ndtri((np.arange(BITS) + 0.5) / BITS) * BITS).astype(np.int64)


def _gaussian(image: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
    return image + _scaled(_normal_table()[integers[: image.size]] * level, image.shape)


def _heteroscedastic(image: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
    deviations = 2 * level * integers[image.size :] // BITS
    return image + _scaled(_normal_table()[integers[: image.size]] * deviations, image.shape)


def _scaled(noise: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return noise in units of 1/65536 squared as levels of grey, rounded to the nearest."""
    unit = BITS * BITS
    return ((noise * WHITE + unit // 2) // unit).reshape(shape)


def _salt_and_pepper(image: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
    first, second = integers.reshape(2, *image.shape)
    return np.where(first < level, (second % 2) * WHITE, image)


def _dropout(image: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
    return np.where(integers[: image.size].reshape(image.shape) < level, 0, image)


def _masking(image: np.ndarray, level: int, integers: np.ndarray) -> np.ndarray:
    """Black out squares of a quarter of the height, at drawn places, until the share is reached."""
    height, width, _ = image.shape
    side = max(1, height // 4)
    masked = image.copy()
    covered = np.zeros((height, width), bool)
    for vertical, horizontal in integers[: image.size // 2 * 2].reshape(-1, 2):
        if covered.sum() * BITS >= level * covered.size:
            break
        top, left = vertical * (height - side + 1) // BITS, horizontal * (width - side + 1) // BITS
        covered[top : top + side, left : left + side] = True
    masked[covered] = 0
    return masked


DRAWS: Mapping[NoiseKind, Callable[[np.ndarray, int, np.ndarray], np.ndarray]] = {
    "gaussian": _gaussian,
    "heteroscedastic": _heteroscedastic,
    "salt-and-pepper": _salt_and_pepper,
    "masking": _masking,
    "dropout": _dropout,
}


@dataclass(frozen=True)
class NoisyTestSet:
    """Held-out images and what noise made of them.

    Attributes:
        name: The data set and its split.
        clean: uint8, (num_images, height, width, channels).
        noisy: uint8, (num_specs, num_images, height, width, channels).
        labels: int64, (num_images,), or None.
        image_ids: int64, (num_images,), each image's row in its data set.
        specs: The kind and level of each of `noisy`.
        seed: What the draws depended on.
    """

    name: str
    clean: np.ndarray
    noisy: np.ndarray
    labels: np.ndarray | None
    image_ids: np.ndarray
    specs: tuple[NoiseSpec, ...]
    seed: int

    def pair(self, spec: NoiseSpec) -> tuple[np.ndarray, np.ndarray]:
        """Return clean and noisy images for one kind and level, float32 in [0, 1]."""
        scale = np.float32(1 / WHITE)
        return self.clean * scale, self.noisy[self.specs.index(spec)] * scale


def build_noisy_test_set(
    name: str, images: np.ndarray, labels: np.ndarray | None, image_ids: np.ndarray, parameters: NoiseParameters
) -> NoisyTestSet:
    """Corrupt the first `max_images` images, (num_images, height, width, channels) in [0, 1], in every asked way."""
    first = slice(parameters.max_images)
    images, image_ids = images[first], np.asarray(image_ids[first], np.int64)
    noisy = np.stack([corrupt(images, spec, parameters.seed, image_ids) for spec in parameters.specs])
    clean = np.rint(np.asarray(images, np.float64) * WHITE).astype(np.uint8)
    labels = None if labels is None else np.asarray(labels[first], np.int64)
    return NoisyTestSet(name, clean, noisy, labels, image_ids, parameters.specs, parameters.seed)


def save_noisy_test_set(noisy: NoisyTestSet, folder: Path) -> None:
    """Write NAME.npz and its manifest NAME.json; equal sets give equal bytes."""
    arrays = {
        "clean": noisy.clean,
        "noisy": noisy.noisy,
        "image_ids": noisy.image_ids,
        "kinds": np.array([spec.kind for spec in noisy.specs]),
        "levels": np.array([spec.level for spec in noisy.specs]),
    }
    if noisy.labels is not None:
        arrays["labels"] = noisy.labels
    path = folder / f"{noisy.name}.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            # A fixed date: np.savez_compressed would do the same but says nowhere that it will go on doing so.
            member = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            archive.writestr(member, buffer.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=6)
    manifest = {
        "schema_version": 1,
        "name": noisy.name,
        "seed": noisy.seed,
        "white": WHITE,
        "specs": [spec.model_dump() for spec in noisy.specs],
        "arrays": {
            name: {"shape": list(array.shape), "dtype": str(array.dtype), "sha256": array_sha256(array)}
            for name, array in arrays.items()
        },
    }
    (folder / f"{noisy.name}.json").write_text(json.dumps(manifest, indent=2))


def load_noisy_test_set(archive: Path, manifest: Path) -> NoisyTestSet:
    """Read a set and check it against its manifest.

    Raises:
        CorruptObjectError: an array is not the one that was saved.
    """
    described = json.loads(manifest.read_text())
    with np.load(archive, allow_pickle=False) as arrays:
        loaded = {name: arrays[name] for name in described["arrays"]}
    for name, entry in described["arrays"].items():
        if array_sha256(loaded[name]) != entry["sha256"]:
            raise CorruptObjectError("A noisy test set has the arrays that its manifest names.", array=name)
    return NoisyTestSet(
        name=described["name"],
        clean=loaded["clean"],
        noisy=loaded["noisy"],
        labels=loaded.get("labels"),
        image_ids=loaded["image_ids"],
        specs=tuple(NoiseSpec(**spec) for spec in described["specs"]),
        seed=described["seed"],
    )
