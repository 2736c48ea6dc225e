"""A linear autoencoder that starts as PCA, and convolutions that learn what it leaves over.

Before the code the convolutions take out what the linear map should not see, such as noise; after it they sharpen. The
last of them start at zero, so an untrained model is PCA.
"""

import math
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from aepipe.linear import PrincipalComponents, most_rows
from aepipe.models.autoencoder import Autoencoder, compose, kernel_initializer
from aepipe.models.backend import keras
from aepipe.models.layers import CodePenalty, CodeThreshold
from aepipe.models.options import ResidualOptions
from aepipe.models.refinement import refine
from aepipe.models.seeds import Seeds


def build(options: ResidualOptions, image_shape: tuple[int, int, int], seeds: Seeds) -> Autoencoder:
    """Return refined images to a linear code, and linearly decoded images refined."""
    return compose(_encoder(options, image_shape, seeds), _decoder(options, image_shape, seeds), "residual_autoencoder")


def fit_start(autoencoder: Autoencoder, images: Callable[[int], np.ndarray]) -> None:
    """Set the linear layers to the principal components of training images; those beyond the rank stay as drawn."""
    code, pixels = autoencoder.encoder.get_layer("code"), autoencoder.decoder.get_layer("pixels")
    # One thread: with several the last bits depend on their number.
    with threadpool_limits(1):
        components = PrincipalComponents.fit(images(most_rows(pixels.units)), code.units)
        kernel, inverse = code.get_weights()[0], np.zeros((code.units, pixels.units), np.float32)
        rank = len(components.components)
        kernel[:, :rank] = components.components.T
        inverse[:rank] = components.components
        code.set_weights([kernel, -components.mean @ kernel])
        pixels.set_weights([inverse, components.mean])


def _encoder(options: ResidualOptions, image_shape: tuple[int, int, int], seeds: Seeds) -> keras.Model:
    images = keras.Input(image_shape, name="images")
    refined = refine(images, options.encoder_filters, options, seeds)
    code = keras.layers.Dense(options.code_size, kernel_initializer=kernel_initializer(options, seeds), name="code")(
        keras.layers.Flatten(name="pixels")(refined)
    )
    if options.code_threshold:
        code = CodeThreshold(options.code_threshold, name="code_threshold")(code)
    if options.code_l1:
        code = CodePenalty(options.code_l1, name="code_penalty")(code)
    return keras.Model(images, code, name="encoder")


def _decoder(options: ResidualOptions, image_shape: tuple[int, int, int], seeds: Seeds) -> keras.Model:
    code = keras.Input((options.code_size,), name="code")
    pixels = keras.layers.Dense(
        math.prod(image_shape), kernel_initializer=kernel_initializer(options, seeds), name="pixels"
    )(code)
    images = keras.layers.Reshape(image_shape, name="decoded")(pixels)
    images = refine(images, options.decoder_filters, options, seeds)
    return keras.Model(code, keras.layers.ReLU(max_value=1, name="reconstruction")(images), name="decoder")
