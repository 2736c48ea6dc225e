"""A variational autoencoder with dense layers (Kingma and Welling, 2014)."""

from aepipe.models.autoencoder import Autoencoder, compose, kernel_initializer
from aepipe.models.backend import keras
from aepipe.models.dense import dense_decoder, dense_stack, flatten_pixels
from aepipe.models.layers import NormalSampling
from aepipe.models.options import VariationalOptions
from aepipe.models.seeds import Seeds


def build(options: VariationalOptions, image_shape: tuple[int, int, int], seeds: Seeds) -> Autoencoder:
    """Return an autoencoder whose codes are drawn while training and are their means otherwise."""
    images = keras.Input(image_shape, name="images")
    hidden = dense_stack(flatten_pixels(images, options), options.hidden_widths, options, "encoder", seeds)
    mean, log_variance = (
        keras.layers.Dense(options.code_size, kernel_initializer=kernel_initializer(options, seeds), name=name)(hidden)
        for name in ("code_mean", "code_log_variance")
    )
    code = NormalSampling(options.beta, seeds(), name="code")([mean, log_variance])
    encoder = keras.Model(images, code, name="encoder")
    return compose(encoder, dense_decoder(options, image_shape, seeds), "variational_autoencoder")
