"""The one shape in which every data set reaches the rest of the pipeline."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aepipe.arrays import Images
from aepipe.datasets.account import Account

# What the names of a user's own data sets start with.
OWN = "images"

Rows = np.ndarray | slice

# What is known of each image of a data set.
BY_ROW = ("images", "clean", "labels", "persons", "parts", "files", "anomalous")

# So many are computed with at a time; of those over 64x64x3 no more values than these have.
MAX_AT_ONCE, MAX_VALUES_AT_ONCE = 500, 500 * 64 * 64 * 3


def images_at_once(*image_shape: int) -> int:
    """Return how many images of (height, width, channels) are computed with at a time."""
    return max(1, min(MAX_AT_ONCE, MAX_VALUES_AT_ONCE // math.prod(image_shape)))


@dataclass(frozen=True)
class Masks:
    """Masks of anomalous images of a data set.

    Attributes:
        rows: (num_masks,) the images' rows, in ascending order.
        inside: (num_masks, height, width) booleans: where something is not normal.
    """

    rows: np.ndarray
    inside: np.ndarray


@dataclass(frozen=True)
class ImageData:
    """Images of one data set with what is known about each.

    Attributes:
        name: The data set's name.
        images: (num_images, height, width, channels), uint8, uint16 or float32, in the source's own unit.
        pixel_range: The source's values that become 0 and 1.
        labels: (num_images,) int64 class indices, or None where there are none.
        label_names: A name for each class index; empty where there are no labels.
        persons: (num_images,) int64, who is on each image, or None.
        num_official_train: The first so many rows are the official training part; None where the source has no split.
        parts: (num_images,) of train, validation, test, or empty where the source leaves an image to the split; None
            where it says nothing of any.
        files: (num_images,) int64, a number for the file that each is a frame of; None where every file has one.
        anomalous: (num_images,) booleans, what shows something that is not normal; None where nothing does.
        account: What was seen, taken and left out of a user's own images; None where they are known ones.
        clean: What a model is to make of each image, of the same shape and type; None where that is the image itself.
    """

    name: str
    images: Images
    pixel_range: tuple[float, float]
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    persons: np.ndarray | None = None
    num_official_train: int | None = None
    parts: np.ndarray | None = None
    files: np.ndarray | None = None
    anomalous: np.ndarray | None = None
    account: Account | None = None
    clean: Images | None = None

    @property
    def targets(self) -> "ImageData":
        """What a model is to make of the images: the clean ones where they are noisy, otherwise they themselves."""
        return self if self.clean is None else replace(self, images=self.clean, clean=None)

    @property
    def is_own(self) -> bool:
        """Whether they are a user's own, which come and go; no other data set has a name like theirs."""
        return self.name == OWN or self.name.startswith(f"{OWN}-")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one image."""
        height, width, channels = self.images.shape[1:]
        return height, width, channels

    def scaled(self, rows: Rows = slice(None)) -> np.ndarray:
        """Return these rows as float32 in [0, 1], (num_rows, height, width, channels)."""
        minimum, maximum = self.pixel_range
        pixels = self.images[rows].astype(np.float32)
        return (pixels - np.float32(minimum)) * np.float32(1 / (maximum - minimum))

    def pairs(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return what a model is given of these rows, and what it is to make of it, scaled; mostly one and the same."""
        inputs = self.scaled(rows)
        return inputs, inputs if self.clean is None else self.targets.scaled(rows)

    def take(self, rows: np.ndarray, **changes: Any) -> "ImageData":
        """Return only these rows, with further fields replaced."""
        by_row = {name: getattr(self, name) for name in BY_ROW}
        taken = {name: None if array is None else array[rows] for name, array in by_row.items()}
        return replace(self, **{**taken, **changes})
