"""Perturbation of batches: changes of the images and noise on the input, drawn anew each time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aepipe.datasets.images import images_at_once
from aepipe.models.corruption import Corruption
from aepipe.models.layers import Augmentation, BlindSpot
from aepipe.splits import evenly_spaced
from aepipe.training.batches import Pixels
from aepipe.training.runtime import keras, tf
from aepipe.training.settings import CorruptionSettings, TrainingSettings

# Bounds the time that few images take; a linear map gains less by each further variant.
MAX_VARIANTS = 40
# (batch, height, width, channels)
BATCH_AXES = 4
# Of a batch in which no pixel happens to be hidden.
MIN_HIDDEN = 1e-6


@dataclass(frozen=True)
class Perturbation:
    """What is drawn anew for each batch, each None where it is not asked for.

    Attributes:
        augmentation: Changes input and target alike.
        corruption: Changes the input alone. A blind spot gives it one more channel, which says what is hidden.
        of_pairs: Batches have the channels of noisy images, which are the input, and those of clean ones.
    """

    augmentation: Augmentation | None
    corruption: Corruption | BlindSpot | None
    of_pairs: bool = False

    @classmethod
    def of(cls, settings: TrainingSettings, of_pairs: bool = False) -> "Perturbation":
        """Return the layers that settings ask for, with their seeds."""
        change, noise, seed = settings.augmentation, settings.corruption, settings.seed
        return cls(
            Augmentation(change.flip, change.shift, seed=seed) if change else None,
            _layer_of(noise, seed) if noise else None,
            of_pairs,
        )

    @property
    def has_inputs(self) -> bool:
        """Whether the input is another image than the target."""
        return self.of_pairs or self.corruption is not None

    def draw(self, images, scale: Callable) -> tuple:
        """Return a batch as it is this time, and the input for it: the same, or scaled to [0, 1] and corrupted.

        Outside of what XLA compiles: on a CPU its random numbers take as long as the rest of a dense step.
        """
        if self.augmentation:
            images = self.augmentation(images, training=True)
        return self.targets_and_inputs(images, scale)

    def draw_group(self, batches, group: int, scale: Callable) -> tuple:
        """Return the same for so many batches at once."""
        batches = tf.ensure_shape(batches, (group, *batches.shape[1:]))
        if self.augmentation:
            batches = tf.stack([self.augmentation(batches[number], training=True) for number in range(group)])
        return self.targets_and_inputs(batches, scale)

    def targets_and_inputs(self, images, scale: Callable) -> tuple:
        """Return what the outputs are compared with, as it is stored, and the input: the same, or scaled to [0, 1]."""
        if not self.of_pairs:
            return images, self._corrupted(images, scale)
        noisy, clean = tf.split(images, 2, axis=-1)
        return clean, scale(noisy) if self.corruption is None else self._corrupted(noisy, scale)

    def _corrupted(self, images, scale: Callable):
        if isinstance(self.corruption, BlindSpot) and len(images.shape) > BATCH_AXES:
            return tf.stack([self._corrupted(batch, scale) for batch in tf.unstack(images)])
        return self.corruption(scale(images), training=True) if self.corruption else images

    @property
    def variables(self) -> list[keras.Variable]:
        """The states of their random generators."""
        return [variable for layer in (self.augmentation, self.corruption) if layer for variable in layer.variables]


def _layer_of(noise: CorruptionSettings, seed: int) -> Corruption | BlindSpot:
    if noise.is_blind_spot:
        return BlindSpot(noise.level, seed=seed)
    return Corruption(noise.kind, noise.level, seed, noise.level_max, noise.others)


def what_counts(settings: TrainingSettings, inputs, targets, outputs):
    """Return what a model is compared by: its outputs. Where pixels were hidden the others become their targets, which
    costs nothing.
    """
    return tf.where(inputs[..., -1:] > 0, outputs, targets) if _has_hidden(settings) else outputs


def how_much_counts(settings: TrainingSettings, inputs):
    """Return what a mean over all pixels is multiplied with, so that it is the mean of those that count in a batch."""
    return 1 / tf.maximum(tf.reduce_mean(inputs[..., -1:]), MIN_HIDDEN) if _has_hidden(settings) else 1.0


def seen_by_model(settings: TrainingSettings, inputs):
    """Return what the model takes of an input that was drawn: all but the channel that says what is hidden."""
    return inputs[..., :-1] if _has_hidden(settings) else inputs


def _has_hidden(settings: TrainingSettings) -> bool:
    return settings.corruption is not None and settings.corruption.is_blind_spot


def training_images(train: Pixels, settings: TrainingSettings) -> Callable[[int], np.ndarray]:
    """Return what gives up to a number of training images as a step has them for its target, those of pairs clean.

    They are float32, (num_images, height, width, channels) in [0, 1], evenly spaced; augmented images come in up to 40
    variants.
    """
    augmentation, train = Perturbation.of(settings).augmentation, train.targets

    def images(most: int) -> np.ndarray:
        if most < len(train):
            positions = evenly_spaced(len(train), most)
        else:
            copies = min(most // len(train), MAX_VARIANTS) if augmentation else 1
            positions = np.tile(np.arange(len(train)), copies)
        size = images_at_once(*train.images.shape[1:])
        parts = (train.scaled(positions[start : start + size]) for start in range(0, len(positions), size))
        if augmentation:
            parts = (np.asarray(augmentation(part, training=True)) for part in parts)
        return np.concatenate(list(parts))

    return images
