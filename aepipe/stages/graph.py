"""The order of a recipe's stages, once: what to do one after the other, and what to look for in the store."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from aepipe.errors import ParameterError
from aepipe.stages.calibrate import CalibrateStage
from aepipe.stages.data import DataStage
from aepipe.stages.evaluate import EvaluateStage
from aepipe.stages.export import ExportStage
from aepipe.stages.generation import GenerationStage
from aepipe.stages.noise import NoiseStage
from aepipe.stages.outcome import Done
from aepipe.stages.request import TrainingRequest
from aepipe.stages.results import FactsT, StageResult
from aepipe.stages.split import SplitStage
from aepipe.stages.stage import Stage
from aepipe.stages.train import TrainStage
from aepipe.store.interface import Store
from aepipe.training.settings import CheckpointSettings

# What the results are called in an outcome, and the stages that they come from.
STAGES: Mapping[str, type[Stage[Any]]] = {
    "data": DataStage,
    "split": SplitStage,
    "noisy": NoiseStage,
    "trained": TrainStage,
    "evaluated": EvaluateStage,
    "calibrated": CalibrateStage,
    "generated": GenerationStage,
    "exported": ExportStage,
}


class RunStage(Protocol):
    """Something that comes to the result of a stage: by work, or by a look into the store."""

    def __call__(self, stage: Stage[FactsT], /) -> StageResult[FactsT]:
        """Return the stage's result."""


class _NotThereError(Exception):
    """The store has no result of a stage."""


def outcome_of(request: TrainingRequest, run: RunStage, saving: CheckpointSettings = CheckpointSettings()) -> Done:  # noqa: B008
    """Return what a request comes to, stage by stage.

    Args:
        request: One recipe, with what was chosen about it.
        run: Comes to the result of each stage.
        saving: How often the training's state is saved.
    """
    data = run(DataStage(request.data_parameters()))
    plan = request.training_plan(data)
    split = run(SplitStage(data, request.split_settings(data)))
    noisy = run(NoiseStage(data, split, request.noise)) if request.evaluate else None
    trained = run(TrainStage(plan, data, split, saving, request.parent))
    evaluated = None if noisy is None else run(EvaluateStage(plan, data, split, noisy, trained))
    calibrated = None if noisy is None else run(CalibrateStage(data, split, trained))
    makes_images = request.evaluate and plan.is_generative
    generated = run(GenerationStage(plan, data, split, trained)) if makes_images else None
    formats = request.export_parameters()
    exported = None if formats is None else run(ExportStage(formats, data, split, trained))
    return Done(
        recipe=request.recipe,
        recipe_file=request.recipe_file,
        model=request.model,
        setting=request.setting,
        plan=plan,
        parent=request.parent,
        data=data,
        split=split,
        noisy=noisy,
        trained=trained,
        evaluated=evaluated,
        calibrated=calibrated,
        generated=generated,
        exported=exported,
        was_cached=trained.was_cached,
    )


def steps_saved(store: Store, request: TrainingRequest) -> float:
    """Return how many steps of a request's training the store has, as `TrainStage.steps_saved` tells it."""
    steps = 0.0

    def look(stage: Stage[FactsT], /) -> StageResult[FactsT]:
        nonlocal steps
        if isinstance(stage, TrainStage):
            steps = stage.steps_saved(store)
            raise _NotThereError
        return _find(store, stage)

    with suppress(_NotThereError, ParameterError):
        outcome_of(request, look)
    return steps


def find_outcome(store: Store, request: TrainingRequest) -> Done | None:
    """Return the request's outcome if every stage of it is in the store."""
    try:
        return outcome_of(request, partial(_find, store))
    # Whoever asks for what can't be trained is told by its own run; the others of a pipeline go on.
    except (_NotThereError, ParameterError):
        return None


def _find(store: Store, stage: Stage[FactsT]) -> StageResult[FactsT]:
    found = stage.find(store)
    if found is None:
        raise _NotThereError
    return found
