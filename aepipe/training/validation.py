"""Validation: the losses on images that a training does not learn from."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from aepipe.datasets.images import images_at_once
from aepipe.models.autoencoder import Autoencoder
from aepipe.training.batches import Pixels
from aepipe.training.losses import LOSSES, mean_squared_error
from aepipe.training.perturbation import Perturbation, seen_by_model, what_counts
from aepipe.training.runtime import tf
from aepipe.training.settings import TrainingSettings
from aepipe.training.step import scaling

Validation = Callable[[], tuple[float, float]]


def compile_validation(autoencoder: Autoencoder, validation: Pixels, settings: TrainingSettings) -> Validation:
    """Return a function to the mean loss and MSE on the validation images; NaN where there are none.

    A denoiser's validation input is corrupted alike each time, so that epochs are compared on the same noise.
    """
    num_images = len(validation)
    if not num_images:
        return lambda: (float("nan"), float("nan"))
    size = images_at_once(*validation.images.shape[1:])
    scale, unit, perturbation = scaling(validation.pixel_range), settings.loss_unit, _unaugmented(settings, validation)
    model, loss_of, noise_state = autoencoder.model, LOSSES[settings.loss], perturbation.variables
    initial = [variable.numpy() for variable in noise_state]

    @tf.function(reduce_retracing=True, autograph=False)
    def losses(images: tf.Tensor) -> tf.Tensor:
        targets, inputs = perturbation.targets_and_inputs(images, scale)
        clean = scale(targets)
        seen = seen_by_model(settings, inputs) if perturbation.has_inputs else clean
        outputs = tf.cast(model(seen, training=False), tf.float32)
        reconstructions, times = what_counts(settings, inputs, clean, outputs)
        loss = times * loss_of(clean * unit, reconstructions * unit) + sum(model.losses)
        return tf.stack([loss, times * mean_squared_error(clean, reconstructions)])

    def validate() -> tuple[float, float]:
        for variable, value in zip(noise_state, initial, strict=True):
            variable.assign(value)
        total = np.zeros(2)
        for start in range(0, num_images, size):
            images = validation.take(np.arange(start, min(start + size, num_images)))
            total += len(images) * losses(images).numpy().astype(np.float64)
        loss, mse = total / num_images
        return float(loss), float(mse)

    return validate


def _unaugmented(settings: TrainingSettings, validation: Pixels) -> Perturbation:
    return replace(Perturbation.of(settings, validation.has_pairs), augmentation=None)
