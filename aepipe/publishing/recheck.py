"""Published models, loaded from their published bytes and measured on a run's held-out images."""

import math
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from aepipe.errors import AepipeError
from aepipe.noise import NoiseSpec
from aepipe.publishing.gate import Measured, is_denoiser
from aepipe.recipes.trained import TrainedRecipe
from aepipe.stages.data import load_data, load_split
from aepipe.stages.noise import load_noise
from aepipe.stages.outcome import Outcome
from aepipe.store.interface import Store

# What Keras raises for bytes that are no model of this version.
NOT_LOADABLE = (AepipeError, ValueError, TypeError, KeyError, OSError, zipfile.BadZipFile)


def measure_published(store: Store, release: str, outcome: Outcome) -> Measured:
    """Return what a recipe's model in a release comes to on the run's held-out images, from its bytes in the store.

    A denoiser is judged by its error on noise of the level that it was trained for, any other by that on clean images.
    """
    prefix = f"releases/{release}/models/{outcome.recipe}"
    inputs, targets = _held_out_images(store, outcome)
    try:
        shape = TrainedRecipe.model_validate_json(store.get(f"{prefix}/recipe.json")).plan.image_shape
        if shape != inputs.shape[1:]:
            shapes = ["x".join(map(str, of)) for of in (shape, inputs.shape[1:])]
            return _not_measured(release, f"Its images are {shapes[0]}, this run's {shapes[1]}: use another channel.")
        model = _load(store, f"{prefix}/model.keras")
    except NOT_LOADABLE as error:
        return _not_measured(release, f"It can't be loaded: {str(error).splitlines()[0]}")
    # Here, because pandas comes with it.
    from aepipe.evaluation.metrics import mse_per_image
    from aepipe.evaluation.subject import predict

    return Measured(release, float(mse_per_image(targets, predict(model, inputs)).mean()))


def _load(store: Store, key: str):
    from aepipe.training.saving import load_model

    # Not through the cache: it is the bytes in the store that are judged.
    with tempfile.TemporaryDirectory(prefix="aepipe-gate-") as folder:
        path = Path(folder) / "model.keras"
        store.get_file(key, path)
        return load_model(path)


def _held_out_images(store: Store, outcome: Outcome) -> tuple[np.ndarray, np.ndarray]:
    if is_denoiser(outcome.evaluated.facts):
        spec = NoiseSpec(kind="gaussian", level=outcome.plan.training.corruption.level)
        clean, noisy = load_noise(store, outcome.noisy).pair(spec)
        return noisy, clean
    images = load_data(store, outcome.data).scaled(load_split(store, outcome.split).test)
    return images, images


def _not_measured(release: str, problem: str) -> Measured:
    return Measured(release, math.nan, problem)
