"""Stage `train`: a plan, its data and its split to model files, history and TensorBoard logs."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from aepipe.datasets.images import ImageData
from aepipe.models import ARCHITECTURES
from aepipe.recipes import source_modules
from aepipe.recipes.plan import TrainingPlan
from aepipe.recipes.trained import TrainedRecipe, TrainingImages
from aepipe.splits import Split
from aepipe.stages.data import load_data, load_split
from aepipe.stages.facts import TrainedFacts
from aepipe.stages.fingerprint import fingerprint
from aepipe.stages.stage import DataResult, SplitResult, TrainedResult, find_whole_stage, produce_stage
from aepipe.store.interface import Store
from aepipe.training.checkpoints import Checkpoints
from aepipe.training.settings import CheckpointSettings
from aepipe.training.stopping import run_stoppable

MODULES = ("aepipe.training.trainer", "aepipe.training.callbacks", "aepipe.training.saving", "aepipe.training.collapse")
LIBRARIES = ("keras", "numpy", "tensorflow")
NUM_EXAMPLES = 10
NUM_GUARD_IMAGES = 1000


def train_fingerprint(plan: TrainingPlan, data: DataResult, split: SplitResult) -> str:
    """Return the name of this training."""
    modules = (*MODULES, ARCHITECTURES[plan.model.architecture], *source_modules(plan.recipe))
    inputs = {"data": data.digest, "split": split.digest}
    return fingerprint("train", plan, inputs, modules, LIBRARIES)


def find_training(store: Store, plan: TrainingPlan, data: DataResult, split: SplitResult) -> TrainedResult | None:
    """Return the result of this training if it has been done."""
    return find_whole_stage(store, "train", train_fingerprint(plan, data, split), TrainedResult)


def train_recipe(
    store: Store,
    plan: TrainingPlan,
    data: DataResult,
    split: SplitResult,
    saving: CheckpointSettings = CheckpointSettings(),  # noqa: B008 - frozen
    refresh: bool = False,
    on_epoch: Callable[[Any, int], None] | None = None,
) -> TrainedResult:
    """Train a recipe and put its models into the store, unless that has been done.

    A training that was stopped goes on from its last checkpoint; with `refresh` it starts anew.

    Args:
        store: Where the results go, and checkpoints.
        plan: What is trained.
        data: The images.
        split: The rows that train and validate.
        saving: How often the state is saved.
        refresh: Train even if that has been done.
        on_epoch: Called with each `aepipe.training.state.Epoch` and the number of epochs.

    Raises:
        TrainingError: the loss did not stay finite; nothing is kept.
        TrainingInterruptedError: it was told to stop; its state is saved.
    """
    name = train_fingerprint(plan, data, split)
    checkpoints = Checkpoints(store, name)

    def work(folder: Path) -> TrainedFacts:
        if refresh:
            checkpoints.clear()
        _describe(folder, plan, data)
        images, rows = load_data(store, data), load_split(store, split)
        return run_stoppable(lambda stop: _train(folder, plan, images, rows, checkpoints, saving, on_epoch, stop))

    result = produce_stage(store, "train", name, TrainedResult, work, refresh)
    checkpoints.clear()
    return result


def _describe(folder: Path, plan: TrainingPlan, data: DataResult) -> None:
    """Write recipe.json: what whoever loads the models must know to use them."""
    facts = data.facts
    images = TrainingImages(
        name=facts.name,
        pixel_range=facts.pixel_range,
        preprocessing=facts.preprocessing,
        sample_bits=facts.sample_bits,
    )
    (folder / "recipe.json").write_text(TrainedRecipe(plan=plan, trained_on=images).model_dump_json(indent=2))


def _train(
    folder: Path,
    plan: TrainingPlan,
    data: ImageData,
    split: Split,
    checkpoints: Checkpoints,
    saving: CheckpointSettings,
    on_epoch: Callable[[Any, int], None] | None,
    stop: threading.Event,
) -> TrainedFacts:
    # Here, because everything that trains nothing must start without TensorFlow.
    import numpy as np
    import pandas as pd

    from aepipe.models import build, fit_start
    from aepipe.training.batches import Pixels, num_epochs
    from aepipe.training.callbacks import Listener, ProgressBar, TensorBoard
    from aepipe.training.collapse import is_collapsed
    from aepipe.training.distribution import distribution
    from aepipe.training.perturbation import training_images
    from aepipe.training.runtime import hardware, keras, resolve_precision, use_precision
    from aepipe.training.saving import save_autoencoder
    from aepipe.training.state import history_rows
    from aepipe.training.trainer import Trainer

    def pixels(rows: np.ndarray) -> Pixels:
        return Pixels(data.images, data.pixel_range, rows)

    settings = plan.training
    keras.backend.clear_session()
    strategy = distribution(settings.devices, settings.batch_size)
    with strategy.scope() if strategy else nullcontext(), use_precision(settings.precision):
        autoencoder = build(plan.model, plan.image_shape, settings.seed)
    epochs = num_epochs(len(split.train), settings)
    fit_start(plan.model, autoencoder, training_images(pixels(split.train), settings))
    board = TensorBoard(folder / "tensorboard", pixels(split.train[:NUM_EXAMPLES]), epochs)
    with ProgressBar(f"{plan.setting} {plan.recipe}", epochs) as bar:
        trained = Trainer(
            autoencoder,
            pixels(split.train),
            pixels(split.validation),
            settings,
            callbacks=[board, bar] if on_epoch is None else [board, bar, Listener(on_epoch, epochs)],
            checkpoints=checkpoints,
            saving=saving,
            strategy=strategy,
            stop=stop,
        ).run()
    # A model that anybody can load and that computes in float32, whatever it was trained on.
    published = build(plan.model, plan.image_shape)
    published.model.set_weights(autoencoder.model.get_weights())
    save_autoencoder(published, folder)
    pd.DataFrame(history_rows(trained.history)).to_csv(folder / "history.csv", index=False)
    codes = published.encoder.predict(data.scaled(split.train[:NUM_GUARD_IMAGES]), verbose=0)
    return TrainedFacts(
        recipe=plan.recipe,
        setting=plan.setting,
        collapsed=is_collapsed(codes),
        num_parameters=int(autoencoder.model.count_params()),
        code_size=plan.model.code_size,
        num_epochs=trained.history[-1].epoch,
        kept_epoch=trained.kept.epoch,
        train_mse=trained.kept.mse,
        validation_mse=None if np.isnan(trained.kept.validation_mse) else trained.kept.validation_mse,
        training_seconds=round(sum(epoch.seconds for epoch in trained.history), 3),
        ended_by=trained.ended_by,
        resumed_at_step=trained.resumed_at,
        precision=resolve_precision(settings.precision),
        hardware=hardware(),
    )
