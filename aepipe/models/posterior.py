"""The posterior of a variational model's codes, which its encoder draws them from while it trains."""

from aepipe.models.autoencoder import Autoencoder
from aepipe.models.backend import keras
from aepipe.models.layers import NormalSampling

PARAMETERS = ("code_mean", "code_log_variance")
DRAWN_CODE = "drawn_code"


def posterior(encoder: keras.Model) -> keras.Model:
    """Return a model of the same weights from images to the means and the log variances of their codes.

    Args:
        encoder: Of the architecture variational, as it was built or loaded.
    """
    return keras.Model(encoder.input, [encoder.get_layer(name).output for name in PARAMETERS], name="posterior")


class AlwaysDrawn(NormalSampling):
    """Draws the code, whether it is trained or not."""

    def call(self, parameters, training=False):
        """Return codes, (batch, code_size), from their means and log variances."""
        return super().call(parameters, training=True)


def with_drawn_codes(autoencoder: Autoencoder, seed: int) -> keras.Model | None:
    """Return a model of the same weights that decodes drawn codes, for the loss that a training makes small.

    Args:
        autoencoder: Of any architecture.
        seed: What the draws depend on; the layer called `DRAWN_CODE` has the state of their generator.

    Returns:
        The model; None where the encoder has no distribution of codes.
    """
    found = next((layer for layer in autoencoder.encoder.layers if isinstance(layer, NormalSampling)), None)
    if found is None:
        return None
    code = AlwaysDrawn(found.beta, seed, name=DRAWN_CODE, dtype=found.dtype_policy)(found.input)
    return keras.Model(autoencoder.encoder.input, autoencoder.decoder(code), name="drawn")
