"""Measures of images that drift is told by: brightness, contrast and sharpness, as a model sees the images."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aepipe.datasets.appearance import MEASURES, measure_pixels
from aepipe.datasets.images import ImageData

MAX_IMAGES = 2000
IMAGES_AT_ONCE = 256
# One grey level of 256: what varies less is one value all over.
CONSTANT = 1 / 255


@dataclass(frozen=True)
class Measured:
    """Measures of a sample of a data set's images.

    Attributes:
        image_shape: (height, width, channels) of each: those of images of another size are not comparable.
        values: By the measure's name, (num_images,) float32.
    """

    image_shape: tuple[int, int, int]
    values: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.values[MEASURES[0]])

    @property
    def num_constant(self) -> int:
        """Images that are of one value all over."""
        return int((self.values["contrast"] < CONSTANT).sum())

    def save(self, path: Path) -> None:
        """Write them as npz."""
        arrays = {"image_shape": np.array(self.image_shape), **self.values}
        np.savez(path, allow_pickle=False, **arrays)

    @classmethod
    def read(cls, path: Path) -> "Measured":
        """Return what `save` wrote."""
        with np.load(path) as found:
            height, width, channels = (int(size) for size in found["image_shape"])
            return cls((height, width, channels), {name: found[name] for name in MEASURES})


def sample(rows: np.ndarray, most: int = MAX_IMAGES) -> np.ndarray:
    """Return at most so many of the rows, in their order; the same each time."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def measure(images: ImageData, rows: np.ndarray) -> Measured:
    """Return the measures of these rows, as `measure_pixels` says what they are."""
    found: dict[str, list[np.ndarray]] = {name: [np.empty(0, np.float32)] for name in MEASURES}
    for start in range(0, len(rows), IMAGES_AT_ONCE):
        for name, values in measure_pixels(images.scaled(rows[start : start + IMAGES_AT_ONCE])).items():
            found[name].append(values)
    return Measured(images.image_shape, {name: np.concatenate(values) for name, values in found.items()})
