"""The losses of the sources. Each takes targets and reconstructions in [0, 1], (batch, height, width, channels)."""

from collections.abc import Callable, Mapping

from aepipe.models.backend import keras, ops

Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def mean_squared_error(targets, reconstructions):
    """Return the mean of squared differences over the batch and the pixels."""
    return ops.mean(ops.square(targets - reconstructions))


def half_sum_of_squares(targets, reconstructions):
    """Return half the sum of squared differences of an image, averaged over the batch."""
    return 0.5 * ops.mean(ops.sum(ops.square(targets - reconstructions), axis=(1, 2, 3)))


def bernoulli_cross_entropy(targets, reconstructions):
    """Return the cross-entropy of an image in nats, summed over its pixels and averaged over the batch."""
    pixels = keras.losses.binary_crossentropy(targets[..., None], reconstructions[..., None])
    return ops.mean(ops.sum(pixels, axis=(1, 2, 3)))


# What each is counted in, for an axis; of others their name.
UNITS = {
    "mean-squared-error": "mean squared error per pixel",
    "half-sum-of-squares": "half the sum of squares of an image",
    "bernoulli-cross-entropy": "nats an image",
}
LOSSES: Mapping[str, Loss] = {
    "mean-squared-error": mean_squared_error,
    "half-sum-of-squares": half_sum_of_squares,
    "bernoulli-cross-entropy": bernoulli_cross_entropy,
}
