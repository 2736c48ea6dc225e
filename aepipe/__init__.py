"""A training pipeline for autoencoders. The flows are in `flows`; this is the library that they call."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aepipe.errors import AepipeError

if TYPE_CHECKING:
    from aepipe.inference.loaded import LoadedModel
    from aepipe.inference.loading import load
    from aepipe.inference.training import train
    from aepipe.recipes import RECIPES, get_recipe
    from aepipe.releases.manifest import list_releases
    from aepipe.store import open_store

__all__ = ["RECIPES", "AepipeError", "LoadedModel", "get_recipe", "list_releases", "load", "open_store", "train"]

# TensorFlow reads it once, when Keras imports it. What it prints before that, `aepipe.models.backend` leaves out.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Its convolutions with oneDNN, which TensorFlow leaves off on processors without AVX-512: 173 images a second, not 137.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


# Whoever imports a part of the package does not wait for the others.
_MODULES = {
    "RECIPES": "recipes",
    "LoadedModel": "inference.loaded",
    "get_recipe": "recipes",
    "list_releases": "releases.manifest",
    "load": "inference.loading",
    "open_store": "store",
    "train": "inference.training",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"aepipe.{_MODULES[name]}"), name)
