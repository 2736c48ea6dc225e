"""Refinement of images by convolutions that start as nothing: what a linear map leaves over is added to them."""

from aepipe.models.autoencoder import kernel_initializer
from aepipe.models.backend import keras
from aepipe.models.options import LinearStartOptions, outer_side
from aepipe.models.seeds import Seeds


def refine(
    images: keras.KerasTensor, filters: tuple[int, ...], options: LinearStartOptions, seeds: Seeds, stride: int = 1
) -> keras.KerasTensor:
    """Return images plus what convolutions make of them: nothing, to begin with.

    Args:
        images: (batch, height, width, channels); both sides are multiples of the stride.
        filters: Of each convolution; none leave the images as they are.
        options: How kernels are drawn, and the activation.
        seeds: Gives each layer's seed.
        stride: Pixels that the convolutions make one step of.
    """
    if not filters:
        return images
    hidden = images
    for number, width in enumerate(filters, 1):
        is_first = number == 1
        hidden = keras.layers.Conv2D(
            width,
            outer_side(stride) if is_first else 3,
            strides=stride if is_first else 1,
            padding="same",
            activation=options.activation,
            kernel_initializer=kernel_initializer(options, seeds),
            name=f"convolution_{number}",
        )(hidden)
    outer = keras.layers.Conv2D if stride == 1 else keras.layers.Conv2DTranspose
    added = outer(
        images.shape[-1],
        outer_side(stride),
        strides=stride,
        padding="same",
        kernel_initializer="zeros",
        name="convolution_output",
    )(hidden)
    return keras.layers.Add(name="refined")([images, added])
