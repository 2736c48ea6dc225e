"""The deep convolutional autoencoder of the Olivetti recipes (after Bonaccorso)."""

from aepipe.models.autoencoder import Autoencoder, compose, from_inner_unit, kernel_initializer, to_inner_unit
from aepipe.models.backend import keras
from aepipe.models.layers import CodePenalty
from aepipe.models.options import ConvolutionalOptions
from aepipe.models.seeds import Seeds


def build(options: ConvolutionalOptions, image_shape: tuple[int, int, int], seeds: Seeds) -> Autoencoder:
    """Return convolutions to a dense code, and transposed convolutions back. Odd sizes are padded and cropped."""
    encoder = _encoder(options, image_shape, seeds)
    return compose(encoder, _decoder(options, image_shape, seeds), "convolutional_autoencoder")


def _encoder(options: ConvolutionalOptions, image_shape: tuple[int, int, int], seeds: Seeds) -> keras.Model:
    images = keras.Input(image_shape, name="images")
    hidden = to_inner_unit(images, options)
    for number, filters in enumerate(options.filters, 1):
        hidden = _convolution(
            keras.layers.Conv2D, filters, options, options.activation, seeds, number, strides=2 if number == 1 else 1
        )(hidden)
    hidden = keras.layers.Flatten(name="features")(hidden)
    code = keras.layers.Dense(
        options.code_size, kernel_initializer=kernel_initializer(options, seeds), name="code_values"
    )(hidden)
    if options.normalise_code:
        code = keras.layers.BatchNormalization(name="code_normalisation")(code)
    code = keras.layers.Activation(options.code_activation, name="code")(code)
    if options.code_l1:
        code = CodePenalty(options.code_l1, name="code_penalty")(code)
    return keras.Model(images, code, name="encoder")


def _decoder(options: ConvolutionalOptions, image_shape: tuple[int, int, int], seeds: Seeds) -> keras.Model:
    height, width, channels = image_shape
    small = (-(-height // 2), -(-width // 2))
    code = hidden = keras.Input((options.code_size,), name="code")
    if options.code_size != small[0] * small[1]:
        hidden = keras.layers.Dense(
            small[0] * small[1],
            options.activation,
            kernel_initializer=kernel_initializer(options, seeds),
            name="unfold",
        )(hidden)
    hidden = keras.layers.Reshape((*small, 1), name="code_image")(hidden)
    for number, filters in enumerate(options.filters[:0:-1], 1):
        hidden = _convolution(
            keras.layers.Conv2DTranspose,
            filters,
            options,
            options.activation,
            seeds,
            number,
            strides=2 if number == 1 else 1,
        )(hidden)
    hidden = _convolution(
        keras.layers.Conv2DTranspose,
        channels,
        options,
        options.output_activation,
        seeds,
        "output",
        # Where there is no other to come back from the encoder's stride.
        strides=2 if len(options.filters) == 1 else 1,
    )(hidden)
    odd = ((0, 2 * small[0] - height), (0, 2 * small[1] - width))
    if odd != ((0, 0), (0, 0)):
        hidden = keras.layers.Cropping2D(odd, name="crop")(hidden)
    return keras.Model(code, from_inner_unit(hidden, options), name="decoder")


def _convolution(
    layer: type[keras.layers.Layer],
    filters: int,
    options: ConvolutionalOptions,
    activation: str,
    seeds: Seeds,
    number: int | str,
    strides: int = 1,
) -> keras.layers.Layer:
    return layer(
        filters,
        3,
        strides=strides,
        padding="same",
        activation=activation,
        kernel_initializer=kernel_initializer(options, seeds),
        name=f"convolution_{number}",
    )
