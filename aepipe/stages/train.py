"""Stage `train`: a plan, its data and its split to model files, history and TensorBoard logs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aepipe.datasets.images import ImageData
from aepipe.models import ARCHITECTURES
from aepipe.recipes.plan import TrainingPlan
from aepipe.splits import Split
from aepipe.stages.data import load_data, load_split
from aepipe.store.fingerprint import fingerprint
from aepipe.store.interface import Store
from aepipe.store.stages import StageResult, find_stage, produce_stage

MODULES = ("aepipe.training.engine", "aepipe.training.callbacks", "aepipe.training.saving", "aepipe.training.guards")
LIBRARIES = ("keras", "numpy", "tensorflow")
NUM_EXAMPLES = 10
NUM_GUARD_IMAGES = 1000


def train_fingerprint(plan: TrainingPlan, data: StageResult, split: StageResult) -> str:
    """Return the name of this training."""
    modules = (*MODULES, ARCHITECTURES[plan.model.architecture])
    inputs = {"data": data.digest, "split": split.digest}
    return fingerprint("train", plan, inputs, modules, LIBRARIES)


def find_training(store: Store, plan: TrainingPlan, data: StageResult, split: StageResult) -> StageResult | None:
    """Return the result of this training if it has been done."""
    return find_stage(store, "train", train_fingerprint(plan, data, split))


def train_recipe(
    store: Store, plan: TrainingPlan, data: StageResult, split: StageResult, refresh: bool = False
) -> StageResult:
    """Train a recipe and put its models into the store, unless that has been done.

    Raises:
        TrainingError: the loss did not stay finite; nothing is kept.
    """

    def work(folder: Path) -> Mapping[str, Any]:
        return _train(folder, plan, load_data(store, data), load_split(store, split))

    return produce_stage(store, "train", train_fingerprint(plan, data, split), work, refresh)


def _train(folder: Path, plan: TrainingPlan, data: ImageData, split: Split) -> Mapping[str, Any]:
    # Here, because everything that trains nothing must start without TensorFlow.
    import numpy as np
    import pandas as pd

    from aepipe.models import build
    from aepipe.training.batches import num_epochs
    from aepipe.training.callbacks import KeepBest, KeepLast, ProgressBar, TensorBoard
    from aepipe.training.engine import Pixels, fit, history_rows
    from aepipe.training.guards import is_collapsed
    from aepipe.training.runtime import hardware, keras
    from aepipe.training.saving import save_autoencoder

    def pixels(rows: np.ndarray) -> Pixels:
        return Pixels(np.ascontiguousarray(data.images[rows]), data.pixel_range)

    settings = plan.training
    keras.backend.clear_session()
    keras.utils.set_random_seed(settings.seed)
    autoencoder = build(plan.model, plan.image_shape)
    epochs = num_epochs(len(split.train), settings)
    keeper = KeepBest(settings.patience) if settings.keep == "best" else KeepLast()
    board = TensorBoard(folder / "tensorboard", pixels(split.train[:NUM_EXAMPLES]), epochs)
    with ProgressBar(f"{plan.setting} {plan.recipe}", epochs) as bar:
        history = fit(autoencoder, pixels(split.train), pixels(split.validation), settings, [keeper, board, bar])
    save_autoencoder(autoencoder, folder)
    pd.DataFrame(history_rows(history)).to_csv(folder / "history.csv", index=False)
    (folder / "recipe.json").write_text(json.dumps(plan.model_dump(mode="json"), indent=2))
    codes = autoencoder.encoder.predict(data.scaled(split.train[:NUM_GUARD_IMAGES]), verbose=0)
    return {
        "recipe": plan.recipe,
        "setting": plan.setting,
        "collapsed": is_collapsed(codes),
        "num_parameters": int(autoencoder.model.count_params()),
        "code_size": plan.model.code_size,
        "num_epochs": len(history),
        "kept_epoch": keeper.best.epoch,
        "train_mse": keeper.best.mse,
        "validation_mse": None if np.isnan(keeper.best.validation_mse) else keeper.best.validation_mse,
        "training_seconds": round(sum(epoch.seconds for epoch in history), 3),
        "hardware": hardware(),
    }
