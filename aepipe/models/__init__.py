"""Architectures. Every one gives an `Autoencoder`: pixels in [0, 1] go in and come out, whatever its inner unit."""

import importlib
from collections.abc import Mapping

from aepipe.models.options import ModelOptions
from aepipe.models.seeds import layer_seeds

# The module of each architecture has `build(options, image_shape, seeds)`, and `fit_start(autoencoder, images)` where
# the weights to start with come from the images. Named, not imported, so that listing recipes does not import Keras,
# and a change in one architecture does not touch the fingerprints of the others.
ARCHITECTURES: Mapping[str, str] = {
    "dense": "aepipe.models.dense",
    "subclassed": "aepipe.models.subclassed",
    "variational": "aepipe.models.variational",
    "convolutional": "aepipe.models.convolutional",
    "residual": "aepipe.models.residual",
}


def build(options: ModelOptions, image_shape: tuple[int, int, int], seed: int | None = None):
    """Return an untrained `Autoencoder` for images of (height, width, channels).

    Args:
        options: The architecture and its sizes.
        image_shape: Of one image.
        seed: What the initial weights, and a variational model's draws, depend on; nothing that can be repeated where
            None.
    """
    return importlib.import_module(ARCHITECTURES[options.architecture]).build(options, image_shape, layer_seeds(seed))


def fit_start(options: ModelOptions, autoencoder, images) -> None:
    """Set the weights that an architecture takes from its training images; most take none.

    Args:
        options: What the autoencoder was built with.
        autoencoder: What `build` returned, changed in place.
        images: Called with a number of images, gives that many or fewer: float32, (num_images, height, width, channels)
            in [0, 1].
    """
    fit = getattr(importlib.import_module(ARCHITECTURES[options.architecture]), "fit_start", None)
    if fit is not None:
        fit(autoencoder, images)
