"""The posterior of a variational model's codes, which its encoder draws them from while it trains."""

from aepipe.models.backend import keras

PARAMETERS = ("code_mean", "code_log_variance")


def posterior(encoder: keras.Model) -> keras.Model:
    """Return a model of the same weights from images to the means and the log variances of their codes.

    Args:
        encoder: Of the architecture variational, as it was built or loaded.
    """
    return keras.Model(encoder.input, [encoder.get_layer(name).output for name in PARAMETERS], name="posterior")
