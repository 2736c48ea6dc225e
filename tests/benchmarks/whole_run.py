"""Every published recipe on its real data: trainings side by side against Keras fit, one after the other.

What counts is the time from nothing to all models in memory or store: imports, tracing and compiling are in it; data,
split, evaluation and publishing are not, and are ready before.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from aepipe.recipes import RECIPES
from aepipe.recipes.plan import Overrides, SplitOverrides
from aepipe.stages.data import DataStage
from aepipe.stages.request import TrainingRequest
from aepipe.stages.split import SplitStage
from aepipe.store import open_store

HERE = Path(__file__).parent
# So that each takes about as long with Keras fit, half a minute on two cores: 600 epochs of faces are half an hour.
EPOCHS = {
    "mnist-dense": 5,
    "mnist-subclassed": 10,
    "mnist-variational": 8,
    "mnist-denoising": 4,
    "horses-stacked": 100,
    "faces-conv": 10,
    "faces-denoising": 10,
    "faces-sparse": 10,
}


def request_for(recipe: str) -> TrainingRequest:
    """Return what is trained."""
    return TrainingRequest(
        recipe=recipe, setting="published", overrides=Overrides(epochs=EPOCHS[recipe]), split=SplitOverrides()
    )


def bench_run(rounds: int) -> dict[str, float]:
    """Return seconds by peer and the ratio; AEPIPE_MIRROR has the data."""
    seconds = {"aepipe": [], "keras_fit": []}
    with tempfile.TemporaryDirectory(prefix="aepipe-bench-") as folder:
        store = open_store(folder)
        for recipe in RECIPES:
            request = request_for(recipe)
            data = DataStage(request.data_parameters()).produce(store)
            SplitStage(data, request.split_settings(data)).produce(store)
        for number in range(rounds):
            for name in ("aepipe", "keras_fit") if number % 2 == 0 else ("keras_fit", "aepipe"):
                seconds[name].append(_timed(f"run_{name}", folder))
    ratios = [theirs / ours for theirs, ours in zip(seconds["keras_fit"], seconds["aepipe"], strict=True)]
    medians = {name: round(statistics.median(values), 1) for name, values in seconds.items()}
    return {**medians, "ratio_keras_fit": round(statistics.median(ratios), 3)}


def _timed(script: str, folder: str) -> float:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": f"{HERE}:{HERE.parents[1]}"}
    started = time.perf_counter()
    subprocess.run([sys.executable, HERE / f"{script}.py", folder], env=environment, check=True)
    return time.perf_counter() - started
