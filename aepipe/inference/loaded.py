"""Loaded model: its parts as Keras has them, and what they are used for, arrays in and arrays out."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from aepipe.errors import ObjectNotFoundError, ParameterError
from aepipe.inference.denoise import restore_arrays
from aepipe.inference.inputs import to_model_input
from aepipe.inference.new_codes import Origin, codes_between, draw_codes
from aepipe.recipes.trained import TrainedRecipe

if TYPE_CHECKING:
    import pandas as pd

    from aepipe.generation.mixture import CodeMixture
    from aepipe.scoring.scoring import Scoring
    from aepipe.training.runtime import keras

BATCH_IMAGES = 256
# Batches of pictures of so many values are computed by a compiled part: a fifth less time, and less memory. It is
# compiled once, which takes longer than a few pictures do.
MIN_VALUES_TO_COMPILE = 1 << 16


@dataclass(frozen=True, repr=False)
class LoadedModel:
    """A published autoencoder.

    Attributes:
        release: The id of the release that it is from.
        name: What it is called.
        model: Images to reconstructions, float32 (n, height, width, channels), pixels in [0, 1].
        encoder: Images to codes, (n, code_size).
        decoder: Codes to images.
        trained: What was trained, and how its images were preprocessed.
        read_scoring: Reads what its scores are taken with; `scoring` calls it once.
        read_mixture: Reads or fits what new codes are drawn from; `code_mixture` calls it once. None where there is
            nothing to have it from.
        is_compiled: Batches of any size are computed by compiled parts, which takes seconds at first: for who computes
            many small ones beside other threads, as a server does.
    """

    release: str
    name: str
    model: "keras.Model"
    encoder: "keras.Model"
    decoder: "keras.Model"
    trained: TrainedRecipe
    read_scoring: "Callable[[], Scoring]" = field(repr=False)
    read_mixture: "Callable[[], CodeMixture] | None" = field(default=None, repr=False)
    is_compiled: bool = False

    @cached_property
    def scoring(self) -> "Scoring":
        """What its scores are taken with and judged by; read when it is first asked for.

        Raises:
            ObjectNotFoundError: the release has no calibration of it.
        """
        return self.read_scoring()

    def __repr__(self) -> str:
        return f"<LoadedModel {self._words}>"

    def _repr_html_(self) -> str:
        # What a notebook shows of it.
        return f"<code>LoadedModel</code> {escape(self._words)}"

    @property
    def _words(self) -> str:
        height, width, channels = self.image_shape
        size = self.trained.plan.model.code_size
        return f"{self.name}, {self.release}: images of {height} x {width} x {channels}, codes of {size} values"

    @cached_property
    def code_mixture(self) -> "CodeMixture":
        """What codes are distributed as: normal distributions, each with its share. Read when it is first asked for.

        Raises:
            ObjectNotFoundError: nothing says how this model's codes are distributed.
        """
        if self.read_mixture is None:
            raise ObjectNotFoundError(
                "A published model comes with its codes.", "Publish it, or draw from the prior.", model=self.name
            )
        return self.read_mixture()

    @property
    def recipe(self) -> str:
        """The recipe's name."""
        return self.trained.plan.recipe

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) that the models take."""
        return self.trained.plan.image_shape

    def preprocess(self, images: np.ndarray, pixel_range: tuple[float, float] | None = None) -> np.ndarray:
        """Return images in the form that the models take; `aepipe.inference.inputs.to_model_input` has the rules.

        Args:
            images: (n, height, width) or (n, height, width, channels), of integers or floats.
            pixel_range: The values of black and white. By default floats have 0 and 1; integers have the values of
                the training images, or 0 and 255 where those were floats.

        Returns:
            float32 (n, height, width, channels) in [0, 1].

        Raises:
            ParameterError: the images have another shape or type, or pixels outside of their range.
        """
        return to_model_input(images, self.trained, pixel_range)

    def reconstruct(
        self, images: np.ndarray, batch_size: int = BATCH_IMAGES, pixel_range: tuple[float, float] | None = None
    ) -> np.ndarray:
        """Return reconstructions of images that `preprocess` takes, or returned; they may leave [0, 1] a little.

        >>> loaded.reconstruct(images[:3]).shape
        (3, 8, 8, 1)
        """
        return self._compute(self.model, self.preprocess(images, pixel_range), batch_size)

    def encode(
        self, images: np.ndarray, batch_size: int = BATCH_IMAGES, pixel_range: tuple[float, float] | None = None
    ) -> np.ndarray:
        """Return the codes, float32 (n, code_size), of images that `preprocess` takes, or returned.

        >>> loaded.encode(images[:3]).shape
        (3, 8)
        """
        return self._compute(self.encoder, self.preprocess(images, pixel_range), batch_size)

    def restore(self, images: np.ndarray, pixel_range: tuple[float, float] | None = None) -> np.ndarray:
        """Return images that a denoiser restored, of their own shape and type.

        Those of another size than the model's are restored in overlapping tiles, with their pixels as they are.

        >>> pictures = np.zeros((2, 30, 50), np.uint8)
        >>> loaded.restore(pictures).shape
        (2, 30, 50)

        Args:
            images: (n, height, width), with 1 or 3 channels at the end or none, of integers or floats.
            pixel_range: The values of black and white; by default as `preprocess` has them.

        Raises:
            ParameterError: the images have another shape or type, or pixels outside of their range.
        """
        return restore_arrays(self, images, pixel_range)

    def decode(self, codes: np.ndarray, batch_size: int = BATCH_IMAGES) -> np.ndarray:
        """Return the images, float32 (n, height, width, channels), of codes, (n, code_size).

        >>> loaded.decode(np.zeros((1, 8))).shape
        (1, 8, 8, 1)

        Raises:
            ParameterError: the codes have another shape.
        """
        codes = np.asarray(codes, np.float32)
        code_size = self.trained.plan.model.code_size
        if codes.ndim != 2 or codes.shape[1] != code_size or not len(codes):
            raise ParameterError(
                f"Codes of this model have the shape (n, {code_size}), at least one.", shape=codes.shape
            )
        return self._compute(self.decoder, codes, batch_size)

    def generate(
        self,
        num_images: int,
        seed: int = 0,
        origin: Origin = "mixture",
        between: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return new images, float32 (num_images, height, width, channels) in [0, 1]; the same seed gives the same.

        >>> loaded.generate(5, seed=1).shape
        (5, 8, 8, 1)

        Args:
            num_images: How many.
            seed: What the drawn codes depend on.
            origin: mixture: codes that are distributed as those of images; prior: codes from N(0, 1).
            between: Two images that `preprocess` takes, in place of a draw: from the first to the last.

        Raises:
            ParameterError: the prior is asked for, of a model that is not variational.
        """
        if between is None:
            codes = draw_codes(self, num_images, seed, origin)
        else:
            codes = codes_between(self, between, num_images)
        images: np.ndarray = np.clip(self.decode(codes), 0, 1)
        return images

    def score(
        self,
        images: np.ndarray,
        false_alarm_rate: float = 0.01,
        score: str | None = None,
        batch_size: int = BATCH_IMAGES,
        pixel_range: tuple[float, float] | None = None,
    ) -> "pd.DataFrame":
        """Return how unlike its training pictures images are, a row each, in their order.

        >>> white = np.full((2, 8, 8), 255, np.uint8)
        >>> loaded.score(white, score="mse")["verdict"].tolist()
        ['anomalous', 'anomalous']

        Args:
            images: As `preprocess` takes or returns them.
            false_alarm_rate: Share of normal pictures that may be called anomalous; `scoring.promise` says what of it
                can be promised.
            score: mse, local, neighbours or combined; the one that was chosen for the model where None.
            batch_size: So many are computed at a time.
            pixel_range: The values of black and white; by default as `preprocess` has them.

        Returns:
            error (mean squared error per pixel), score (larger is less alike), p_value (share of held-out normal
            pictures at least as strange) and verdict (normal or anomalous).

        Raises:
            ObjectNotFoundError: the release has no calibration of the model.
            ParameterError: there is no such score, the rate is not between 0 and 1, or the images have another shape
                or type, or pixels outside of their range.
        """
        originals = self.preprocess(images, pixel_range)
        scores = self.scoring.scores(originals, *self.see(originals, batch_size))
        return self.scoring.judge(scores, false_alarm_rate, score)

    def see(self, originals: np.ndarray, batch_size: int = BATCH_IMAGES) -> tuple[np.ndarray, np.ndarray]:
        """Return reconstructions and codes of images that `preprocess` returned; each is encoded once."""
        codes = self._compute(self.encoder, originals, batch_size)
        return self._compute(self.decoder, codes, batch_size), codes

    def _compute(self, part: "keras.Model", inputs: np.ndarray, batch_size: int) -> np.ndarray:
        """Return what a part makes of inputs, so many at a time."""
        starts = range(0, len(inputs), batch_size)
        return np.concatenate([self._compute_batch(part, inputs[start : start + batch_size]) for start in starts])

    def _compute_batch(self, part: "keras.Model", batch: np.ndarray) -> np.ndarray:
        is_worth_it = self.is_compiled or len(batch) * math.prod(self.image_shape) >= MIN_VALUES_TO_COMPILE
        return part.predict_on_batch(batch) if is_worth_it else np.asarray(part(batch, training=False))
