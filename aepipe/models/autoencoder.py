"""The contract of every architecture: a Keras model with an encoder and a decoder."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aepipe.models.backend import keras
from aepipe.models.options import ModelOptions
from aepipe.models.seeds import Seeds

PACKAGE = "aepipe"


@dataclass(frozen=True)
class Autoencoder:
    """Three Keras models that share their weights.

    Attributes:
        model: (batch, height, width, channels) in [0, 1] to the same.
        encoder: Images to codes, (batch, code_size).
        decoder: Codes to images.
        rate_factors: What the learning rate of some weights is multiplied with while training, by how their path
            begins; 1 for all others.
    """

    model: keras.Model
    encoder: keras.Model
    decoder: keras.Model
    rate_factors: Mapping[str, float] = field(default_factory=dict)

    def rate_factor(self, path: str) -> float:
        """Return what the learning rate of the weight with this path is multiplied with."""
        return next((factor for start, factor in self.rate_factors.items() if path.startswith(start)), 1.0)


def compose(
    encoder: keras.Model, decoder: keras.Model, name: str, rate_factors: Mapping[str, float] | None = None
) -> Autoencoder:
    """Return the autoencoder that decodes what it encoded."""
    images = keras.Input(encoder.input_shape[1:], name="images")
    return Autoencoder(keras.Model(images, decoder(encoder(images)), name=name), encoder, decoder, rate_factors or {})


def to_inner_unit(images: keras.KerasTensor, options: ModelOptions) -> keras.KerasTensor:
    """Bring pixels in [0, 1] to the model's own unit."""
    scale, offset = inner_scale(options)
    return images if (scale, offset) == (1, 0) else keras.layers.Rescaling(scale, offset, name="to_unit")(images)


def from_inner_unit(images: keras.KerasTensor, options: ModelOptions) -> keras.KerasTensor:
    """Bring what is in the model's own unit to pixels in [0, 1]."""
    scale, offset = inner_scale(options)
    if (scale, offset) == (1, 0):
        return images
    return keras.layers.Rescaling(1 / scale, -offset / scale, name="from_unit")(images)


def inner_scale(options: ModelOptions) -> tuple[float, float]:
    """Return what a pixel in [0, 1] is multiplied with, and what is added, inside a model."""
    unit = options.pixel_unit
    return (2 * unit, -unit) if options.zero_centred else (unit, 0.0)


def kernel_initializer(options: ModelOptions, seeds: Seeds) -> keras.initializers.Initializer:
    """Return a new initializer of the chosen kind: fan in, truncated normal, scale 1 for variance_scaling."""
    config = {"seed": seeds()}
    if options.initializer == "variance_scaling":
        return keras.initializers.VarianceScaling(scale=1.0, mode="fan_in", distribution="truncated_normal", **config)
    return keras.initializers.get({"class_name": options.initializer, "config": config})
