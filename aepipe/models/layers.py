"""Layers that Keras does not have. Each is saved by its configuration, so a model loads in safe mode."""

from aepipe.models.autoencoder import PACKAGE
from aepipe.models.backend import keras, ops


@keras.saving.register_keras_serializable(PACKAGE)
class CodePenalty(keras.layers.Layer):
    """Adds `weight` times the L1 norm of each code, averaged over the batch, to the loss; passes codes on."""

    def __init__(self, weight: float, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight

    def call(self, codes):
        """Return the codes, (batch, code_size)."""
        self.add_loss(self.weight * ops.mean(ops.sum(ops.abs(codes), axis=-1)))
        return codes

    def get_config(self):
        """Return what `from_config` needs."""
        return {**super().get_config(), "weight": self.weight}


@keras.saving.register_keras_serializable(PACKAGE)
class CodeThreshold(keras.layers.Layer):
    """Sets code values that are at most `threshold` in size to 0 and passes the others on."""

    def __init__(self, threshold: float, **kwargs):
        super().__init__(**kwargs)
        self.threshold = threshold

    def call(self, codes):
        """Return codes of the same shape."""
        return ops.hard_shrink(codes, self.threshold)

    def get_config(self):
        """Return what `from_config` needs."""
        return {**super().get_config(), "threshold": self.threshold}


@keras.saving.register_keras_serializable(PACKAGE)
class MirrorPadding(keras.layers.Layer):
    """Adds to images what lies at their edges, in a mirror.

    Args:
        rows: How many rows above and below.
        columns: How many columns at the left and the right.
    """

    def __init__(self, rows: tuple[int, int], columns: tuple[int, int], **kwargs):
        super().__init__(**kwargs)
        self.rows, self.columns = tuple(rows), tuple(columns)

    def call(self, images):
        """Return larger images."""
        return ops.pad(images, ((0, 0), self.rows, self.columns, (0, 0)), mode="reflect")

    def get_config(self):
        """Return what `from_config` needs."""
        return {**super().get_config(), "rows": self.rows, "columns": self.columns}


@keras.saving.register_keras_serializable(PACKAGE)
class NormalSampling(keras.layers.Layer):
    """Draws the code while training and returns its mean otherwise; adds `beta` times the KL term to the loss.

    The KL divergence from N(0, 1) is summed over the code and averaged over the batch (Kingma and Welling, 2014).
    """

    def __init__(self, beta: float, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.beta = beta
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, parameters, training=False):
        """Return codes, (batch, code_size), from their means and log variances."""
        mean, log_variance = parameters
        divergence = 0.5 * ops.sum(ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance, axis=-1)
        self.add_loss(self.beta * ops.mean(divergence))
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise

    def compute_output_shape(self, input_shape):
        """Return the shape of the means."""
        return input_shape[0]

    def get_config(self):
        """Return what `from_config` needs."""
        return {**super().get_config(), "beta": self.beta, "seed": self.seed}


@keras.saving.register_keras_serializable(PACKAGE)
class BlindSpot(keras.layers.Layer):
    """Hides pixels of images while training: each becomes one of those around it, drawn anew for each batch.

    What a pixel is can then be told from its neighbours alone. Where the noise of one pixel says nothing of that of
    another, the best guess is the clean pixel, though only noisy ones are targets (Krull, Buchholz and Jug,
    "Noise2Void", 2019).

    Args:
        share: Share of the pixels that are hidden.
        seed: What the draws depend on.
    """

    # As far as the original looks: windows of 5 x 5.
    RADIUS = 2

    def __init__(self, share: float, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.share = share
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        """Return images, (batch, height, width, channels), with a further channel that is 1 where a pixel is hidden."""
        num_images, height, width, channels = ops.shape(images)
        shape = (num_images, height * width, 1)
        if not training:
            return ops.concatenate([images, ops.zeros((num_images, height, width, 1), images.dtype)], axis=-1)
        hidden = ops.cast(keras.random.uniform(shape, seed=self.seed_generator) < self.share, images.dtype)
        # One of the places around a pixel, but not its own.
        side = 2 * self.RADIUS + 1
        drawn = keras.random.randint(shape, 0, side * side - 1, seed=self.seed_generator)
        drawn = drawn + ops.cast(drawn >= side * side // 2, drawn.dtype)
        rows = self._beside(ops.arange(height * width)[None, :, None] // width, drawn // side - self.RADIUS, height)
        columns = self._beside(ops.arange(height * width)[None, :, None] % width, drawn % side - self.RADIUS, width)
        pixels = ops.reshape(images, (num_images, height * width, channels))
        neighbours = ops.take_along_axis(pixels, rows * width + columns, axis=1)
        found = ops.concatenate([ops.where(hidden > 0, neighbours, pixels), hidden], axis=-1)
        return ops.reshape(found, (num_images, height, width, channels + 1))

    def _beside(self, places, steps, length: int):
        """Return places after steps; one that would lead outside goes the other way."""
        found = places + ops.cast(steps, places.dtype)
        turned = places - ops.cast(steps, places.dtype)
        return ops.clip(ops.where((found < 0) | (found >= length), turned, found), 0, length - 1)

    def get_config(self):
        """Return what `from_config` needs."""
        return {**super().get_config(), "share": self.share, "seed": self.seed}


@keras.saving.register_keras_serializable(PACKAGE)
class Augmentation(keras.layers.Layer):
    """Mirrors and shifts images while training, each by a draw of its own; passes them on unchanged otherwise.

    Args:
        flip: Mirror every other image, left to right.
        shift: Standard deviation of the shift along each axis, in pixels; it is rounded to whole ones, and what comes
            in from outside repeats the edge.
        seed: What the draws depend on.
    """

    def __init__(self, flip: bool, shift: float, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.flip = flip
        self.shift = shift
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        """Return images of the same shape."""
        if not training:
            return images
        num_images, height, width, _ = ops.shape(images)
        rows, columns = (self._shifted(num_images, length) for length in (height, width))
        if self.flip:
            mirrored = keras.random.uniform((num_images, 1), seed=self.seed_generator) < 0.5
            columns = ops.where(mirrored, width - 1 - columns, columns)
        images = ops.take_along_axis(images, rows[:, :, None, None], axis=1)
        return ops.take_along_axis(images, columns[:, None, :, None], axis=2)

    def _shifted(self, num_images: int, length: int):
        """Return where each pixel along an axis comes from, (num_images, length)."""
        shifts = keras.random.normal((num_images, 1), stddev=self.shift, seed=self.seed_generator)
        places = ops.arange(length)[None] + ops.cast(ops.round(shifts), "int32")
        return ops.clip(places, 0, length - 1)

    def get_config(self):
        """Return what `from_config` needs."""
        return {**super().get_config(), "flip": self.flip, "shift": self.shift, "seed": self.seed}
