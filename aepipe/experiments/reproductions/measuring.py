"""Measures of a row: the product's own stages, on a store that nothing is published to."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from aepipe.noise import NoiseParameters
from aepipe.stages.data import DataStage, load_data
from aepipe.stages.graph import outcome_of
from aepipe.stages.outcome import Done
from aepipe.stages.request import TrainingRequest, with_needed_noise
from aepipe.stages.results import DataResult, SplitResult, StageResult, TrainedResult
from aepipe.stages.split import SplitStage, load_split
from aepipe.stages.stage import Stage
from aepipe.stages.train import TrainStage
from aepipe.store import Store
from aepipe.store.local_files import local_file

# What no figure asks for takes no time: one kind of noise at one level, on few images.
LITTLE_NOISE = NoiseParameters(kinds=("gaussian",), levels=(0.2,), max_images=100)


def held_out(store: Store, request: TrainingRequest) -> Mapping[str, float | None]:
    """Return every metric of the held-out images, and `train_mse`."""
    return _numbers(evaluated(store, request))


def evaluated(store: Store, request: TrainingRequest, noise: NoiseParameters = LITTLE_NOISE) -> Done:
    """Return what a request comes to through all stages; nothing is exported."""
    (asked,) = with_needed_noise([request.model_copy(update={"exports": (), "noise": noise})])

    def produce(stage: Stage[Any], /) -> StageResult[Any]:
        return stage.produce(store)

    return outcome_of(asked, produce)


def trained(store: Store, request: TrainingRequest) -> tuple[DataResult, SplitResult, TrainedResult]:
    """Return the results of data, split and training alone."""
    data: DataResult = DataStage(request.data_parameters()).produce(store)
    split: SplitResult = SplitStage(data, request.split_settings(data)).produce(store)
    return data, split, TrainStage(request.training_plan(data), data, split).produce(store)


def map_of_codes(store: Store, request: TrainingRequest) -> Mapping[str, float | None]:
    """Return the held-out metrics, and how well codes of two values keep the neighbours that images have."""
    # Here, because they import TensorFlow and scikit-learn.
    from aepipe.evaluation.map_quality import map_quality
    from aepipe.evaluation.subject import predict
    from aepipe.training.saving import load_model

    done = evaluated(store, request)
    images = load_data(store, done.data).scaled(load_split(store, done.split).test)
    codes = predict(load_model(local_file(store, done.trained.files["encoder.keras"])), images)
    return {**_numbers(done), **(map_quality(images.reshape(len(images), -1), np.asarray(codes)) or {})}


def _numbers(done: Done) -> dict[str, float | None]:
    return {**done.measured.metrics, "train_mse": done.trained.facts.train_mse}
