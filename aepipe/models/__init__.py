"""Architectures. Every one gives an `Autoencoder`: pixels in [0, 1] go in and come out, whatever its inner unit."""

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from aepipe.models.options import AnyModelOptions
from aepipe.models.seeds import layer_seeds

if TYPE_CHECKING:
    from aepipe.models.autoencoder import Autoencoder

# The module of each architecture has `build(options, image_shape, seeds)`, and `fit_start(autoencoder, images)` where
# the weights to start with come from the images. Named, not imported, so that listing recipes does not import Keras,
# and a change in one architecture does not touch the fingerprints of the others.
ARCHITECTURES: Mapping[str, str] = {
    "dense": "aepipe.models.dense",
    "subclassed": "aepipe.models.subclassed",
    "variational": "aepipe.models.variational",
    "convolutional": "aepipe.models.convolutional",
    "residual": "aepipe.models.residual",
    "strided": "aepipe.models.strided",
}


def build(options: AnyModelOptions, image_shape: tuple[int, int, int], seed: int | None = None) -> "Autoencoder":
    """Return an untrained `Autoencoder` for images of (height, width, channels).

    Args:
        options: The architecture and its sizes.
        image_shape: Of one image.
        seed: What the initial weights, and a variational model's draws, depend on; nothing that can be repeated where
            None.
    """
    architecture = importlib.import_module(ARCHITECTURES[options.architecture])
    built: Autoencoder = architecture.build(options, image_shape, layer_seeds(seed))
    return built


def fit_start(options: AnyModelOptions, autoencoder: "Autoencoder", images: Callable[[int], np.ndarray]) -> None:
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
