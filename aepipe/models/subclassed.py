"""Encoder and decoder as subclassed layers, a model that holds both: the TensorFlow 2.0 way to write an autoencoder."""

import math

from aepipe.models.autoencoder import PACKAGE, Autoencoder, inner_scale, kernel_initializer
from aepipe.models.backend import keras
from aepipe.models.options import SubclassedOptions
from aepipe.models.seeds import Seeds, layer_seeds

# A model that is loaded gets its weights from its file.
UNSEEDED = layer_seeds(None)


@keras.saving.register_keras_serializable(PACKAGE)
class DenseEncoder(keras.layers.Layer):
    """Images to codes through one hidden layer."""

    def __init__(self, options: dict, seeds: Seeds = UNSEEDED, **kwargs):
        super().__init__(**kwargs)
        self.options = options
        chosen = SubclassedOptions(**options)
        self.scale, self.offset = inner_scale(chosen)
        self.flatten = keras.layers.Flatten()
        self.hidden = keras.layers.Dense(
            chosen.hidden_widths[0], chosen.activation, kernel_initializer=kernel_initializer(chosen, seeds)
        )
        self.code = keras.layers.Dense(
            chosen.code_size, chosen.code_activation, kernel_initializer=kernel_initializer(chosen, seeds)
        )

    def build(self, input_shape):
        """Create the weights for images of (batch, height, width, channels)."""
        self.hidden.build((input_shape[0], math.prod(input_shape[1:])))
        self.code.build((input_shape[0], self.hidden.units))

    def call(self, images):
        """Return codes, (batch, code_size)."""
        return self.code(self.hidden(self.flatten(images) * self.scale + self.offset))

    def get_config(self):
        """Return what `from_config` needs."""
        return {**super().get_config(), "options": self.options}


@keras.saving.register_keras_serializable(PACKAGE)
class DenseDecoder(keras.layers.Layer):
    """Codes to images through one hidden layer."""

    def __init__(self, options: dict, image_shape, seeds: Seeds = UNSEEDED, **kwargs):
        super().__init__(**kwargs)
        self.options = options
        self.image_shape = tuple(image_shape)
        chosen = SubclassedOptions(**options)
        self.hidden = keras.layers.Dense(
            chosen.hidden_widths[0], chosen.activation, kernel_initializer=kernel_initializer(chosen, seeds)
        )
        self.pixels = keras.layers.Dense(
            math.prod(image_shape), chosen.output_activation, kernel_initializer=kernel_initializer(chosen, seeds)
        )
        self.reshape = keras.layers.Reshape(self.image_shape)
        self.scale, self.offset = inner_scale(chosen)

    def build(self, input_shape):
        """Create the weights for codes of (batch, code_size)."""
        self.hidden.build(input_shape)
        self.pixels.build((input_shape[0], self.hidden.units))

    def call(self, codes):
        """Return images, (batch, height, width, channels)."""
        return (self.reshape(self.pixels(self.hidden(codes))) - self.offset) / self.scale

    def get_config(self):
        """Return what `from_config` needs."""
        return {**super().get_config(), "options": self.options, "image_shape": list(self.image_shape)}


@keras.saving.register_keras_serializable(PACKAGE)
class SubclassedAutoencoder(keras.Model):
    """A model that decodes what it encoded."""

    def __init__(self, options: dict, image_shape, seeds: Seeds = UNSEEDED, **kwargs):
        super().__init__(**kwargs)
        self.options = options
        self.image_shape = tuple(image_shape)
        self.encoder = DenseEncoder(options, seeds, name="encoder")
        self.decoder = DenseDecoder(options, image_shape, seeds, name="decoder")

    def build(self, input_shape):
        """Create the weights for images of (batch, height, width, channels)."""
        self.encoder.build(input_shape)
        self.decoder.build((input_shape[0], SubclassedOptions(**self.options).code_size))

    def call(self, images):
        """Return reconstructions of the images' shape."""
        return self.decoder(self.encoder(images))

    def get_config(self):
        """Return what `from_config` needs."""
        return {**super().get_config(), "options": self.options, "image_shape": list(self.image_shape)}


def build(options: SubclassedOptions, image_shape: tuple[int, int, int], seeds: Seeds) -> Autoencoder:
    """Return the subclassed model, and its two layers as models of their own."""
    model = SubclassedAutoencoder(options.model_dump(mode="json"), image_shape, seeds, name="subclassed_autoencoder")
    model.build((None, *image_shape))
    images, codes = keras.Input(image_shape, name="images"), keras.Input((options.code_size,), name="code")
    encoder = keras.Model(images, model.encoder(images), name="encoder")
    decoder = keras.Model(codes, model.decoder(codes), name="decoder")
    return Autoencoder(model, encoder, decoder)
