"""Stage `train`: a plan, its data and its split to model files, history and TensorBoard logs."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aepipe.datasets.images import ImageData
from aepipe.models import ARCHITECTURES
from aepipe.recipes import source_modules
from aepipe.recipes.plan import TrainingPlan
from aepipe.recipes.trained import TrainedRecipe, TrainingImages
from aepipe.splits import Split
from aepipe.stages.data import load_data
from aepipe.stages.facts import TrainedFacts
from aepipe.stages.results import DataResult, SplitResult, TrainedResult
from aepipe.stages.split import load_split
from aepipe.stages.stage import OnEpoch, Stage, Workplace
from aepipe.store.interface import Store
from aepipe.training.checkpoints import Checkpoints
from aepipe.training.settings import CheckpointSettings
from aepipe.training.stopping import run_stoppable

MODULES = ("aepipe.training.trainer", "aepipe.training.callbacks", "aepipe.training.saving", "aepipe.training.collapse")
NUM_EXAMPLES = 10
NUM_GUARD_IMAGES = 1000


@dataclass(frozen=True)
class TrainStage(Stage[TrainedFacts]):
    """A recipe's models. A training that was stopped goes on from its last checkpoint; one that is done anew starts so.

    A loss that does not stay finite is a `TrainingError`, and nothing is kept; a training that is told to stop is a
    `TrainingInterruptedError`, and its state is saved.
    """

    plan: TrainingPlan
    data: DataResult
    split: SplitResult
    # What is computed does not depend on it.
    saving: CheckpointSettings = CheckpointSettings()  # noqa: RUF009 - frozen

    name = "train"
    kind = TrainedResult
    libraries = ("keras", "numpy", "tensorflow")

    def _modules(self) -> Sequence[str]:
        return (*MODULES, ARCHITECTURES[self.plan.model.architecture], *source_modules(self.plan.recipe))

    def _settings(self) -> TrainingPlan:
        return self.plan

    def depends_on(self) -> Mapping[str, str]:
        """Return the digests of the images and the split."""
        return {"data": self.data.digest, "split": self.split.digest}

    def produce(self, store: Store, refresh: bool = False, on_epoch: OnEpoch | None = None) -> TrainedResult:
        """Return the models' result from the store, or train and put it there; its checkpoints go."""
        result = super().produce(store, refresh, on_epoch)
        self._checkpoints(store).clear()
        return result

    def work(self, place: Workplace) -> TrainedFacts:
        """Train the model, from its last checkpoint where there is one."""
        checkpoints, on_epoch = self._checkpoints(place.store), place.on_epoch
        if place.refresh:
            checkpoints.clear()
        _describe(place.folder, self.plan, self.data)
        images, rows = load_data(place.store, self.data), load_split(place.store, self.split)
        tell = None if on_epoch is None else partial(on_epoch, self.plan)
        return run_stoppable(
            lambda stop: _train(place.folder, self.plan, images, rows, checkpoints, self.saving, tell, stop)
        )

    def _checkpoints(self, store: Store) -> Checkpoints:
        return Checkpoints(store, self.fingerprint())


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
