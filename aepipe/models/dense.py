"""Stacked dense layers: the OpenGenus, Guru99 and denoising recipes."""

import math
from collections.abc import Sequence

from aepipe.models.autoencoder import Autoencoder, compose, from_inner_unit, kernel_initializer, to_inner_unit
from aepipe.models.backend import keras
from aepipe.models.options import DenseOptions, ModelOptions, WidthsOptions
from aepipe.models.seeds import Seeds


def build(options: DenseOptions, image_shape: tuple[int, int, int], seeds: Seeds) -> Autoencoder:
    """Return a mirrored stack of dense layers around the code."""
    images = keras.Input(image_shape, name="images")
    hidden = flatten_pixels(images, options)
    hidden = dense_stack(hidden, options.hidden_widths, options, "encoder", seeds)
    code = keras.layers.Dense(
        options.code_size, options.code_activation, kernel_initializer=kernel_initializer(options, seeds), name="code"
    )(hidden)
    encoder = keras.Model(images, code, name="encoder")
    return compose(encoder, dense_decoder(options, image_shape, seeds), "autoencoder")


def flatten_pixels(images: keras.KerasTensor, options: ModelOptions) -> keras.KerasTensor:
    """Return images as rows of values in the model's own unit, (batch, height * width * channels)."""
    return to_inner_unit(keras.layers.Flatten(name="pixels")(images), options)


def dense_stack(
    hidden: keras.KerasTensor, widths: Sequence[int], options: WidthsOptions, name: str, seeds: Seeds
) -> keras.KerasTensor:
    """Apply dense layers of these widths, one after the other."""
    for number, width in enumerate(widths, 1):
        hidden = keras.layers.Dense(
            width, options.activation, kernel_initializer=kernel_initializer(options, seeds), name=f"{name}_{number}"
        )(hidden)
    return hidden


def dense_decoder(options: WidthsOptions, image_shape: tuple[int, int, int], seeds: Seeds) -> keras.Model:
    """Return the mirror of a dense encoder, from codes to images."""
    code = keras.Input((options.code_size,), name="code")
    hidden = dense_stack(code, options.hidden_widths[::-1], options, "decoder", seeds)
    pixels = keras.layers.Dense(
        math.prod(image_shape),
        options.output_activation,
        kernel_initializer=kernel_initializer(options, seeds),
        name="pixels",
    )(hidden)
    images = keras.layers.Reshape(image_shape, name="reconstruction")(from_inner_unit(pixels, options))
    return keras.Model(code, images, name="decoder")
