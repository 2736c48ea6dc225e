"""Maker of images: a variational model, its codes of known images, and what it makes of others."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aepipe.datasets.images import ImageData, images_at_once
from aepipe.evaluation.subject import predict
from aepipe.generation.codes import SEED, draw_posterior, generator_of
from aepipe.generation.frechet import most_images
from aepipe.generation.likelihood import Decode, Encode, PixelModel
from aepipe.models.posterior import posterior
from aepipe.recipes.plan import TrainingPlan
from aepipe.splits import Split

if TYPE_CHECKING:
    from aepipe.models.backend import keras

# Images, and what draws numbers, to a code of each image.
Code = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class ImageMaker:
    """A variational model, as what makes new images.

    Attributes:
        code_size: Number of values in a code.
        encode: Images to the means and log variances of their codes, some at a time.
        decode: Codes to images, as many as there are.
        pixels: What its loss means.
    """

    code_size: int
    encode: Encode
    decode: Decode
    pixels: PixelModel

    def draw(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return a code of each image, drawn as the decoder saw them while it was trained."""
        return draw_posterior(*self.encode(images), generator)[0]

    @classmethod
    def of(cls, plan: TrainingPlan, encoder: "keras.Model", decoder: "keras.Model") -> "ImageMaker":
        """Return a trained plan's model."""
        codes, training = posterior(encoder), plan.training

        def encode(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            mean, log_variance = codes(images, training=False)
            return np.asarray(mean), np.asarray(log_variance)

        return cls(
            code_size=plan.model.code_size,
            encode=encode,
            decode=lambda codes: predict(decoder, codes),
            pixels=PixelModel.of(training.loss, training.loss_unit, math.prod(plan.image_shape)),
        )


def codes_to_fit(code: Code, data: ImageData, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return codes that a mixture is fitted to, and those that decide how many distributions it has.

    Args:
        code: The model's way to them.
        data: All images.
        split: Which of them trained it, and which decide.
    """
    most = most_images(data.image_shape)
    train, validation = (_codes(code, data, some_rows(rows, most)) for rows in (split.train, split.validation))
    return train, validation


def some_rows(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many rows; drawn, because the images of some sources come in rounds."""
    return rows if len(rows) <= most else np.sort(generator_of(SEED).choice(rows, most, replace=False))


def batches_of(data: ImageData, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the images of these rows, in [0, 1], some at a time."""
    size = images_at_once(*data.image_shape)
    return (data.scaled(rows[start : start + size]) for start in range(0, len(rows), size))


def _codes(code: Code, data: ImageData, rows: np.ndarray) -> np.ndarray:
    generator = generator_of(SEED)
    found = [code(images, generator) for images in batches_of(data, rows)]
    return np.concatenate(found) if found else np.empty((0, 0))
