"""The subject of an evaluation: a model, and the images that it is measured on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from aepipe.datasets.images import ImageData, images_at_once
from aepipe.evaluation.figures.losses import CurveNames
from aepipe.evaluation.opponents import batches, pair_batches
from aepipe.models.autoencoder import Autoencoder
from aepipe.noise import NoiseBaseline, NoiseKind
from aepipe.noisy_test_set import NoisyTestSet
from aepipe.splits import Split


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        title: What figures call it.
        recipe: The recipe's name.
        setting: Which of its settings.
        autoencoder: Its models, loaded from the store.
        source_unit: The value of white in the source's printed numbers.
        trained_noise_level: Level of the noise that a denoiser trained on; None for other models.
        is_generative: Codes drawn from N(0, 1) decode to new images.
        history: One row an epoch, as history.csv has them.
        kept_epoch: The epoch whose weights were kept.
        curves: What its curves of losses are called.
        hidden_share: Share of the pixels that it learned to tell from their neighbours; None for other models.
        judged_kind: Kind of noise that a denoiser is judged on.
    """

    title: str
    recipe: str
    setting: str
    autoencoder: Autoencoder
    source_unit: float
    trained_noise_level: float | None
    is_generative: bool
    history: pd.DataFrame
    kept_epoch: int
    curves: CurveNames
    hidden_share: float | None = None
    judged_kind: NoiseKind = "gaussian"

    @property
    def is_denoiser(self) -> bool:
        """Whether it learned to remove noise, with clean images or without."""
        return self.trained_noise_level is not None or self.hidden_share is not None


@dataclass(frozen=True)
class HeldOut:
    """What it is measured on.

    Attributes:
        name: Data set and split.
        data: All images.
        split: Which of them are held out.
        noisy: Some of them, corrupted.
        noise_baselines: What there is to beat, for each kind and level.
        groups: (num_test,) equal where held-out images belong together, as those of a person; None where none do.
    """

    name: str
    data: ImageData
    split: Split
    noisy: NoisyTestSet
    noise_baselines: Sequence[NoiseBaseline]
    groups: np.ndarray | None = None

    @property
    def not_held_out(self) -> np.ndarray:
        """Rows that a baseline may be fitted on: to train and to validate."""
        return np.union1d(self.split.train, self.split.validation)

    def batches(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Return the images of these rows, some at a time, float32 in [0, 1]."""
        return batches(self.data, rows)

    def pairs(self, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return what a model is given of these rows, and what it is to make of it, some at a time."""
        return pair_batches(self.data, rows)

    @property
    def has_pairs(self) -> bool:
        """Whether images are noisy, with clean ones beside them."""
        return self.data.clean is not None

    def groups_of_first(self, count: int) -> np.ndarray | None:
        """Return what the first so many held-out images belong to."""
        return None if self.groups is None else self.groups[:count]

    def labels(self, rows: np.ndarray) -> np.ndarray | None:
        """Return the classes of these rows, where there are classes."""
        return None if self.data.labels is None else np.asarray(self.data.labels[rows])


def predict(model, inputs: np.ndarray) -> np.ndarray:
    """Return a model's outputs for images or codes, computed in batches."""
    # What comes out of images is no larger than they are. Codes, (num_codes, code_size), are smaller than what comes of
    # them, and a subclassed model has no shapes that could be asked for.
    largest = inputs if inputs.ndim > 2 else model(inputs[:1], training=False)
    size = images_at_once(*largest.shape[1:])
    starts = range(0, len(inputs), size)
    return np.concatenate([np.asarray(model(inputs[start : start + size], training=False)) for start in starts])
