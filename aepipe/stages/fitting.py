"""Fitting of a plan's model to a split: the part of a training that needs TensorFlow."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aepipe.datasets.images import ImageData
from aepipe.errors import ParameterError
from aepipe.io.memory import memory_bytes
from aepipe.models import build, fit_start
from aepipe.models.autoencoder import Autoencoder
from aepipe.models.options import count_parameters
from aepipe.recipes.naming import figure_name
from aepipe.recipes.plan import TrainingPlan
from aepipe.splits import Split
from aepipe.stages.facts import TrainedFacts
from aepipe.training.batches import Pixels, num_epochs, steps_per_epoch
from aepipe.training.callbacks import Listener, ProgressBar, TensorBoard
from aepipe.training.checkpoints import Checkpoints
from aepipe.training.collapse import is_collapsed
from aepipe.training.distribution import distribution
from aepipe.training.perturbation import training_images
from aepipe.training.room import run_where_there_is_room
from aepipe.training.runtime import (
    hardware,
    keras,
    resolve_precision,
    tf,
    use_deterministic_operations,
    use_precision,
)
from aepipe.training.saving import save_autoencoder
from aepipe.training.settings import CheckpointSettings
from aepipe.training.state import history_rows
from aepipe.training.trainer import Callback, Trained, Trainer
from aepipe.training.utilisation import Utilisation

logger = logging.getLogger(__name__)

NUM_EXAMPLES = 10
NUM_GUARD_IMAGES = 1000
# Adam keeps two numbers beside each weight and its gradient; a release has each weight three times.
FLOAT_BYTES, COPIES_IN_TRAINING, COPIES_IN_RELEASE = 4, 4, 3
# What is measured to tell how long a training takes, after the steps are compiled.
STEPS_IN_A_GO, MEASURED_SECONDS, MANY_EPOCHS = 8, 2.0, 100_000
# Above this size a person is told what a model costs.
MANY_WEIGHTS = 60_000_000


def fit_plan(
    folder: Path,
    plan: TrainingPlan,
    data: ImageData,
    split: Split,
    checkpoints: Checkpoints,
    saving: CheckpointSettings,
    on_epoch: Callable[[Any, int], None] | None,
    stop: threading.Event,
    start: Sequence[np.ndarray] | None = None,
) -> TrainedFacts:
    """Train a plan's model, from its last checkpoint where there is one, and leave models, history and logs.

    Args:
        folder: Where they go.
        plan: What is trained.
        data: The images.
        split: Which of them train and validate.
        checkpoints: Where the state is saved.
        saving: How often.
        on_epoch: Called with each epoch, and with their number.
        stop: Ends it after the chunk of steps in hand.
        start: The weights that it begins with; None for those that the plan has.

    Raises:
        ParameterError: the model is larger than this machine can train.
        TrainingError: the loss is no longer finite.
        TrainingInterruptedError: it was told to stop; its state is saved.
    """
    check_size(plan)
    settings, epochs = plan.training, num_epochs(len(split.train), plan.training)
    train, validation, examples = (
        Pixels(data.images, data.pixel_range, rows, data.clean)
        for rows in (split.train, split.validation, split.train[:NUM_EXAMPLES])
    )
    if settings.deterministic:
        use_deterministic_operations()
    strategy = distribution(settings.devices, settings.batch_size)

    def begin(num_parts: int) -> Trainer:
        keras.backend.clear_session()
        watching: list[Callback] = [TensorBoard(folder / "tensorboard", examples, epochs), bar]
        return Trainer(
            _begin(plan, train, strategy, start),
            train,
            validation,
            settings,
            callbacks=watching if on_epoch is None else [*watching, Listener(on_epoch, epochs)],
            checkpoints=checkpoints,
            saving=saving,
            strategy=strategy,
            stop=stop,
            num_parts=num_parts,
        )

    with ProgressBar(f"{plan.setting} {plan.recipe}", epochs) as bar, Utilisation() as busy:
        autoencoder, trained = run_where_there_is_room(begin)
    published = _publish(folder, plan, autoencoder)
    pd.DataFrame(history_rows(trained.history)).to_csv(folder / "history.csv", index=False)
    codes = published.encoder.predict(data.scaled(split.train[:NUM_GUARD_IMAGES]), verbose=0)
    return _facts(plan, trained, is_collapsed(codes), int(autoencoder.model.count_params()), busy.mean)


def check_size(plan: TrainingPlan) -> None:
    """Say what a large model costs, before anything of it takes memory.

    Raises:
        ParameterError: it is larger than this machine can train.
    """
    count = count_parameters(plan.model, plan.image_shape)
    num_bytes, most = bytes_to_train(plan), memory_bytes()
    size = "x".join(str(length) for length in plan.image_shape)
    if num_bytes > most:
        raise ParameterError(
            f"A model must fit into the memory with its gradients and their moments: {plan.recipe} on images of {size} "
            f"takes {num_bytes / 1e9:.1f} GB here.",
            "Choose a smaller data.size, a smaller code_size, or another recipe.",
            num_weights=count,
            memory_gb=round(most / 1e9, 1),
        )
    if count > MANY_WEIGHTS:
        logger.warning(
            "%s on images of %s has %.0f million weights: %.1f GB of memory to train, %.1f GB in a release. "
            "A smaller data.size or code_size has fewer.",
            *(plan.recipe, size, count / 1e6, num_bytes / 1e9, COPIES_IN_RELEASE * FLOAT_BYTES * count / 1e9),
        )


def bytes_to_train(plan: TrainingPlan) -> int:
    """Return the memory that a model takes with its gradients, their moments and its weights' averages."""
    copies = COPIES_IN_TRAINING + (plan.training.weights_average is not None)
    return copies * FLOAT_BYTES * count_parameters(plan.model, plan.image_shape)


def seconds_a_step(plan: TrainingPlan, data: ImageData, split: Split) -> float:
    """Return how long a step of a plan takes here, from some of its own; what was compiled before does not count."""
    settings = plan.training.model_copy(update={"epochs": MANY_EPOCHS, "max_steps": None, "keep": "last"})
    rows = split.train[: STEPS_IN_A_GO * settings.batch_size]
    train, none = (Pixels(data.images, data.pixel_range, some, data.clean) for some in (rows, rows[:0]))
    with use_precision(settings.precision):
        autoencoder = build(plan.model, plan.image_shape, settings.seed)
    trainer = Trainer(autoencoder, train, none, settings)
    trainer.run_steps()
    steps, seconds = 0, 0.0
    while seconds < MEASURED_SECONDS:
        trainer.end_epoch()
        began = time.perf_counter()
        trainer.run_steps()
        steps, seconds = steps + steps_per_epoch(len(train), settings.batch_size), seconds + time.perf_counter() - began
    return seconds / steps


def _begin(
    plan: TrainingPlan,
    train: Pixels,
    strategy: tf.distribute.Strategy | None,
    start: Sequence[np.ndarray] | None,
) -> Autoencoder:
    """Return the model before its first step: with weights that are given, or by the seed, or of a linear map that fits
    the images.
    """
    with strategy.scope() if strategy else nullcontext(), use_precision(plan.training.precision):
        autoencoder = build(plan.model, plan.image_shape, plan.training.seed)
    if start is None:
        fit_start(plan.model, autoencoder, training_images(train, plan.training))
    else:
        autoencoder.model.set_weights(start)
    return autoencoder


def _publish(folder: Path, plan: TrainingPlan, autoencoder: Autoencoder) -> Autoencoder:
    """Save a model that anybody can load and that computes in float32, whatever it was trained on."""
    published = build(plan.model, plan.image_shape)
    published.model.set_weights(autoencoder.model.get_weights())
    save_autoencoder(published, folder)
    return published


def _facts(
    plan: TrainingPlan, trained: Trained, collapsed: bool, num_parameters: int, gpu_utilisation: float | None
) -> TrainedFacts:
    kept = trained.kept
    return TrainedFacts(
        recipe=plan.recipe,
        setting=plan.setting,
        figure_name=figure_name(plan.recipe, plan.setting, plan.image_shape),
        collapsed=collapsed,
        num_parameters=num_parameters,
        code_size=plan.model.code_size,
        num_epochs=trained.history[-1].epoch,
        kept_epoch=kept.epoch,
        train_mse=kept.mse,
        validation_mse=None if np.isnan(kept.validation_mse) else kept.validation_mse,
        training_seconds=round(sum(epoch.seconds for epoch in trained.history), 3),
        ended_by=trained.ended_by,
        batch_parts=trained.num_parts,
        **_cost(trained),
        gpu_utilisation=gpu_utilisation,
        resumed_at_step=trained.resumed_at,
        precision=resolve_precision(plan.training.precision),
        hardware=hardware(),
    )


def _cost(trained: Trained) -> dict[str, float | None]:
    """Return what a training took of the machine, by the facts' names."""
    speeds = [epoch.images_a_second for epoch in trained.history if not np.isnan(epoch.images_a_second)]
    last, compiling = trained.history[-1], trained.compile_seconds
    return {
        "images_a_second": round(float(np.median(speeds)), 1) if speeds else None,
        "compile_seconds": None if compiling is None else round(compiling, 3),
        "peak_memory_mb": round(last.peak_memory_mb, 1),
        "gpu_peak_memory_mb": None if np.isnan(last.gpu_peak_memory_mb) else round(last.gpu_peak_memory_mb, 1),
    }
