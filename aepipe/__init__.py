"""A training pipeline for autoencoders. The flows are in `flows`; this is the library that they call."""

import os
from typing import TYPE_CHECKING, Any

from aepipe.errors import AepipeError
from aepipe.recipes import RECIPES, get_recipe
from aepipe.releases.manifest import list_releases
from aepipe.store import open_store

if TYPE_CHECKING:
    from aepipe.inference.loading import LoadedModel, load
    from aepipe.inference.training import train

__all__ = ["RECIPES", "AepipeError", "LoadedModel", "get_recipe", "list_releases", "load", "open_store", "train"]

# TensorFlow reads it once, when Keras imports it. What it prints before that, `aepipe.models.backend` leaves out.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Its convolutions with oneDNN, which TensorFlow leaves off on processors without AVX-512: 173 images a second, not 137.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def __getattr__(name: str) -> Any:
    # What loads models needs more than a listing of recipes should wait for.
    if name in ("LoadedModel", "load"):
        from aepipe.inference import loading

        return getattr(loading, name)
    if name == "train":
        from aepipe.inference.training import train

        return train
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
