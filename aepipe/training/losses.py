"""Losses: those of the sources, and those that forgive outliers or see structure.

Each takes targets and reconstructions, (batch, height, width, channels), in the unit of the settings, and the settings.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np

from aepipe.models.backend import keras, ops
from aepipe.similarity import SSIM_C1, SSIM_C2, local_means, window_radius
from aepipe.training.settings import LossName, TrainingSettings

Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def loss_of(settings: TrainingSettings) -> Loss:
    """Return the loss that was chosen, of targets and reconstructions in [0, 1]."""
    chosen, unit = LOSSES[settings.loss], settings.loss_unit
    return lambda targets, reconstructions: chosen(targets * unit, reconstructions * unit, settings)


def mse_beside(loss, targets, reconstructions, settings: TrainingSettings):
    """Return the MSE per pixel in [0, 1] of what comes to a loss: from that where it is of squares itself, as no
    compiler finds out that both are the same sum.
    """
    if settings.loss not in SQUARES:
        return mean_squared_error(targets, reconstructions)
    num_counted = SQUARES[settings.loss](*targets.shape[1:])
    # One after the other: the square of a large unit is too large for float32.
    return loss / num_counted / settings.loss_unit / settings.loss_unit


def mean_squared_error(targets, reconstructions, settings=None):
    """Return the mean of squared differences over the batch and the pixels."""
    return ops.mean(ops.square(targets - reconstructions))


def half_sum_of_squares(targets, reconstructions, settings=None):
    """Return half the sum of squared differences of an image, averaged over the batch."""
    return 0.5 * ops.mean(ops.sum(ops.square(targets - reconstructions), axis=(1, 2, 3)))


def bernoulli_cross_entropy(targets, reconstructions, settings=None):
    """Return the cross-entropy of an image in nats, summed over its pixels and averaged over the batch."""
    pixels = keras.losses.binary_crossentropy(targets[..., None], reconstructions[..., None])
    return ops.mean(ops.sum(pixels, axis=(1, 2, 3)))


def mean_absolute_error(targets, reconstructions, settings=None):
    """Return the mean of absolute differences over the batch and the pixels."""
    return ops.mean(ops.absolute(targets - reconstructions))


def huber(targets, reconstructions, settings):
    """Return the mean over the pixels of half the squared difference, which goes on in a line for large ones."""
    return ops.mean(keras.losses.huber(targets, reconstructions, settings.huber_delta * settings.loss_unit))


def dissimilarity(targets, reconstructions, settings):
    """Return 1 - SSIM, averaged over the batch, or a mixture of that and the mean squared error."""
    similarity = mean_similarity(targets / settings.loss_unit, reconstructions / settings.loss_unit)
    share = settings.ssim_share
    return share * (1 - similarity) + (1 - share) * mean_squared_error(targets, reconstructions)


def mean_similarity(targets, reconstructions):
    """Return the structural similarity of images in [0, 1], averaged over the batch: the metric's, differentiably."""
    height, width = targets.shape[1:3]
    radius = window_radius(height, width)
    rows, columns = (local_means(length, radius).astype(np.float32) for length in (height, width))
    # In one stack: five small products of matrices take longer than a large one.
    values = ops.stack([targets, reconstructions, targets**2, reconstructions**2, targets * reconstructions])
    means = ops.einsum("qw,sbpwc->sbpqc", columns, ops.einsum("ph,sbhwc->sbpwc", rows, values))
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = ops.unstack(means, 5)
    luminance = (2 * mean_x * mean_y + SSIM_C1) / (mean_x**2 + mean_y**2 + SSIM_C1)
    spread = mean_xx - mean_x**2 + mean_yy - mean_y**2
    return ops.mean(luminance * (2 * (mean_xy - mean_x * mean_y) + SSIM_C2) / (spread + SSIM_C2))


# What each is counted in, for an axis; of others their name.
UNITS = {
    "mean-squared-error": "mean squared error per pixel",
    "half-sum-of-squares": "half the sum of squares of an image",
    "bernoulli-cross-entropy": "nats an image",
    "mean-absolute-error": "mean absolute error per pixel",
    "huber": "Huber's loss per pixel",
    "ssim": "1 - SSIM",
}
# Losses that are a mean of squares, and by what they are more.
SQUARES: Mapping[LossName, Callable[[int, int, int], float]] = {
    "mean-squared-error": lambda *_: 1.0,
    "half-sum-of-squares": lambda *shape: 0.5 * math.prod(shape),
}
LOSSES: Mapping[LossName, Callable] = {
    "mean-squared-error": mean_squared_error,
    "half-sum-of-squares": half_sum_of_squares,
    "bernoulli-cross-entropy": bernoulli_cross_entropy,
    "mean-absolute-error": mean_absolute_error,
    "huber": huber,
    "ssim": dissimilarity,
}
