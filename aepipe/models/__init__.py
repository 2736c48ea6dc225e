"""Models. Every architecture gives an `Autoencoder`: pixels in [0, 1] go in and come out, whatever its inner unit."""

import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from aepipe.errors import ParameterError
from aepipe.models.options import ModelOptions
from aepipe.models.seeds import layer_seeds

if TYPE_CHECKING:
    from aepipe.models.autoencoder import Autoencoder


def build(options: ModelOptions, image_shape: tuple[int, int, int], seed: int | None = None) -> "Autoencoder":
    """Return an untrained `Autoencoder` for images of (height, width, channels).

    Args:
        options: The architecture and its sizes.
        image_shape: Of one image.
        seed: What the initial weights, and a variational model's draws, depend on; nothing that can be repeated where
            None.
    """
    architecture = importlib.import_module(options.built_by)
    built: Autoencoder = architecture.build(options, image_shape, layer_seeds(seed))
    _check_shapes(built, options, image_shape)
    return built


def _check_shapes(built: "Autoencoder", options: ModelOptions, image_shape: tuple[int, int, int]) -> None:
    """Check that an architecture keeps to what every one promises."""
    expected = (None, options.code_size), (None, *image_shape)
    found = tuple(tuple(part.output_shape) for part in (built.encoder, built.decoder))
    if found != expected:
        rule = "An encoder gives (batch, code_size), a decoder (batch, height, width, channels)."
        raise ParameterError(rule, f"Mend {options.built_by}.", found=found, expected=expected)


def fit_start(options: ModelOptions, autoencoder: "Autoencoder", images: Callable[[int], np.ndarray]) -> None:
    """Set the weights that an architecture takes from its training images; most take none.

    Args:
        options: What the autoencoder was built with.
        autoencoder: What `build` returned, changed in place.
        images: Called with a number of images, gives that many or fewer: float32, (num_images, height, width, channels)
            in [0, 1].
    """
    fit = getattr(importlib.import_module(options.built_by), "fit_start", None)
    if fit is not None:
        fit(autoencoder, images)


@lru_cache(maxsize=128)
def count_built(options: ModelOptions, image_shape: tuple[int, int, int]) -> int:
    """Return the number of weights of a model that is built for it, without memory for them."""
    with ThreadPoolExecutor(1) as pool:
        # In a thread of its own: Keras keeps what was made in a stateless scope for its thread, to fill it later.
        return pool.submit(_count_without_weights, options, image_shape).result()


def _count_without_weights(options: ModelOptions, image_shape: tuple[int, int, int]) -> int:
    # Here, because what trains nothing must start without Keras.
    from aepipe.models.backend import keras

    with keras.StatelessScope(initialize_variables=False):
        return int(build(options, image_shape).model.count_params())
