"""Validation: the losses on images that a training does not learn from."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from aepipe.datasets.images import images_at_once
from aepipe.models.autoencoder import Autoencoder
from aepipe.models.posterior import DRAWN_CODE, with_drawn_codes
from aepipe.splits import evenly_spaced
from aepipe.training.batches import Pixels
from aepipe.training.losses import loss_of, mean_squared_error
from aepipe.training.perturbation import Perturbation, how_much_counts, seen_by_model, what_counts
from aepipe.training.runtime import keras, tf
from aepipe.training.settings import TrainingSettings
from aepipe.training.state import Losses
from aepipe.training.step import penalty_of, scaling

Validation = Callable[[], Losses]
# The mean of so many images' codes is near that of all, and takes next to no time.
NUM_CODES = 200


def compile_validation(autoencoder: Autoencoder, validation: Pixels, settings: TrainingSettings) -> Validation:
    """Return a function to the mean losses on the validation images; NaN where there are none.

    A denoiser's validation input is corrupted alike each time, and a variational model's codes are drawn alike: epochs
    are compared on the same noise. The MSE is that of the codes' means.
    """
    num_images = len(validation)
    if not num_images:
        return lambda: Losses(math.nan, math.nan, math.nan)
    size = images_at_once(*validation.images.shape[1:])
    scale, perturbation = scaling(validation.pixel_range), _unaugmented(settings, validation)
    model, reconstruction_loss = autoencoder.model, loss_of(settings)
    drawn = with_drawn_codes(autoencoder, settings.seed)
    noise_state = [*perturbation.variables, *(drawn.get_layer(DRAWN_CODE).variables if drawn else [])]
    initial = [variable.numpy() for variable in noise_state]

    @tf.function(reduce_retracing=True, autograph=False)
    def losses(images: tf.Tensor) -> tf.Tensor:
        targets, inputs = perturbation.targets_and_inputs(images, scale)
        clean = scale(targets)
        seen = seen_by_model(settings, inputs) if perturbation.has_inputs else clean

        def reconstruct(by: keras.Model) -> tuple:
            outputs = tf.cast(by(seen, training=False), tf.float32)
            return what_counts(settings, inputs, clean, outputs), penalty_of(by)

        times = how_much_counts(settings, inputs)
        reconstructions, penalty = reconstruct(model)
        mse = times * mean_squared_error(clean, reconstructions)
        if drawn:
            reconstructions, penalty = reconstruct(drawn)
        return tf.stack([times * reconstruction_loss(clean, reconstructions) + penalty, mse, penalty])

    def validate() -> Losses:
        for variable, value in zip(noise_state, initial, strict=True):
            variable.assign(value)
        total = np.zeros(len(Losses._fields))
        for start in range(0, num_images, size):
            images = validation.take(np.arange(start, min(start + size, num_images)))
            total += len(images) * losses(images).numpy().astype(np.float64)
        return Losses(*(total / num_images).tolist())

    return validate


def code_mean(autoencoder: Autoencoder, images: Pixels) -> float:
    """Return the mean of all code values on up to 200 of the images, evenly spaced, as they are stored."""
    count = min(len(images), NUM_CODES, images_at_once(*images.images.shape[1:]))
    codes = autoencoder.encoder(images.scaled(evenly_spaced(len(images), count)), training=False)
    return float(tf.reduce_mean(tf.cast(codes, tf.float32)))


def _unaugmented(settings: TrainingSettings, validation: Pixels) -> Perturbation:
    return replace(Perturbation.of(settings, validation.has_pairs), augmentation=None)
