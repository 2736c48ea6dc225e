"""Stage `train`: a plan, its data and its split to model files, history and TensorBoard logs."""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aepipe.models.architectures import modules_of
from aepipe.models.scaling import describe_patches
from aepipe.recipes import source_modules
from aepipe.recipes.few_images import describe_few_images
from aepipe.recipes.plan import TrainingPlan
from aepipe.recipes.trained import TrainedRecipe, TrainingImages
from aepipe.stages.data import load_data, load_pixel_mask
from aepipe.stages.facts import TrainedFacts
from aepipe.stages.parent import Parent, load_weights
from aepipe.stages.results import DataResult, SplitResult, StageResult, TrainedResult
from aepipe.stages.scale import scale_of
from aepipe.stages.split import load_split
from aepipe.stages.stage import OnEpoch, Stage, Workplace
from aepipe.store.interface import Store
from aepipe.training.checkpoints import Checkpoints
from aepipe.training.live_curves import CurvesUpload, LiveCurves
from aepipe.training.settings import CheckpointSettings
from aepipe.training.stopping import run_stoppable

# What weights depend on beside the plan. `aepipe.stages.fitting`, which puts them together, would bring every recipe
# along: each new one would have all others trained again.
MODULES = (
    *("aepipe.training.room", "aepipe.training.callbacks", "aepipe.training.saving", "aepipe.training.collapse"),
)


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
    parent: Parent | None = None

    name = "train"
    kind = TrainedResult
    libraries = ("keras", "numpy", "tensorflow")

    def _modules(self) -> Sequence[str]:
        return (*MODULES, *modules_of(self.plan.model), *source_modules(self.plan.recipe))

    def _settings(self) -> TrainingPlan:
        return self.plan

    def depends_on(self) -> Mapping[str, str]:
        """Return the digests of the images, the split, and the model that it begins with."""
        began_with = {} if self.parent is None else {"parent": self.parent.sha256}
        return {"data": self.data.digest, "split": self.split.digest, **began_with}

    def steps_saved(self, store: Store) -> float:
        """Return how many of its steps the store has: those of its last checkpoint, more than any number where all."""
        return self._checkpoints(store).steps() if self.find(store) is None else math.inf

    def produce(self, store: Store, refresh: bool = False, on_epoch: OnEpoch | None = None) -> TrainedResult:
        """Return the models' result from the store, or train and put it there; what was saved meanwhile goes."""
        result = super().produce(store, refresh, on_epoch)
        self._checkpoints(store).clear()
        self._curves(store).clear()
        return result

    def work(self, place: Workplace) -> TrainedFacts:
        """Train the model, from its last checkpoint where there is one."""
        # Here, because everything that trains nothing must start without TensorFlow.
        from aepipe.stages.fitting import fit_plan

        checkpoints, curves, on_epoch = self._checkpoints(place.store), self._curves(place.store), place.on_epoch
        if place.refresh:
            checkpoints.clear()
            curves.clear()
        _describe(place, self.plan, self.data)
        images, rows = load_data(place.store, self.data), load_split(place.store, self.split)
        start = None if self.parent is None else load_weights(place.store, self.parent, self.plan)
        tell = None if on_epoch is None else partial(on_epoch, self.plan)
        curves.take_up(place.folder)

        def fit(stop: threading.Event) -> TrainedFacts:
            with CurvesUpload(curves, place.folder, self.saving):
                return fit_plan(place.folder, self.plan, images, rows, checkpoints, self.saving, tell, stop, start)

        return run_stoppable(fit)

    def lines(self, result: StageResult[TrainedFacts]) -> Sequence[str]:
        """Return lines about what the size of the images and their number decided."""
        plan = self.plan
        lines = (
            describe_patches(plan.model, plan.image_shape),
            describe_few_images(plan.training, self.data.facts.num_images),
        )
        return [f"{plan.recipe}: {line}" for line in lines if line]

    def _checkpoints(self, store: Store) -> Checkpoints:
        return Checkpoints(store, self.fingerprint())

    def _curves(self, store: Store) -> LiveCurves:
        return LiveCurves(store, self.fingerprint())


def _describe(place: Workplace, plan: TrainingPlan, data: DataResult) -> None:
    """Write recipe.json: what whoever loads the models must know to use them."""
    facts = data.facts
    images = TrainingImages(
        name=facts.name,
        pixel_range=facts.pixel_range,
        preprocessing=facts.preprocessing,
        pictures=facts.pictures,
        scale=scale_of(facts),
        sample_bits=facts.sample_bits,
        has_clean=facts.clean is not None,
        mask=load_pixel_mask(place.store, data),
    )
    (place.folder / "recipe.json").write_text(TrainedRecipe(plan=plan, trained_on=images).model_dump_json(indent=2))
