"""The one shape in which every data set reaches the rest of the pipeline."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class ImageData:
    """Images of one data set with what is known about each.

    Attributes:
        name: The data set's name.
        images: (num_images, height, width, channels), uint8 or float32, in the source's own unit.
        pixel_range: The source's values that become 0 and 1.
        labels: (num_images,) int64 class indices, or None where there are none.
        label_names: A name for each class index; empty where there are no labels.
        persons: (num_images,) int64, who is on each image, or None.
        num_official_train: The first so many rows are the official training part; None where the source has no split.
    """

    name: str
    images: np.ndarray
    pixel_range: tuple[float, float]
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    persons: np.ndarray | None = None
    num_official_train: int | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one image."""
        return self.images.shape[1:]

    def scaled(self, rows=slice(None)) -> np.ndarray:
        """Return these rows as float32 in [0, 1], (num_rows, height, width, channels)."""
        minimum, maximum = self.pixel_range
        pixels = self.images[rows].astype(np.float32)
        return (pixels - np.float32(minimum)) * np.float32(1 / (maximum - minimum))

    def take(self, rows: np.ndarray, **changes) -> "ImageData":
        """Return only these rows, with further fields replaced."""
        labels = None if self.labels is None else self.labels[rows]
        persons = None if self.persons is None else self.persons[rows]
        return replace(self, **{"images": self.images[rows], "labels": labels, "persons": persons, **changes})


def array_sha256(array: np.ndarray) -> str:
    """Return the hex sha256 of an array's values in C order, whatever its memory layout."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
