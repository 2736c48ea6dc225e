"""Mistakes of a command that can be seen before a server is started for it."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from uuid import uuid4

from aepipe.datasets import module_of
from aepipe.errors import ParameterError, TransientStoreError, UnknownOutcomeError
from aepipe.experiments.space import SearchRanges, check_space
from aepipe.experiments.sweep import SweepValues, plan_sweep
from aepipe.gate.settings import PublishSettings
from aepipe.hardware import chosen_threads
from aepipe.io.folders import default_cache_folder
from aepipe.publishing.data_checks import accept
from aepipe.recipes.overrides import Overrides
from aepipe.stages.parent import NOTHING
from aepipe.stages.request import TrainingRequest, plan_requests
from aepipe.store import open_store
from aepipe.tasks.timeouts import TimeoutSettings
from aepipe.training.settings import CheckpointSettings

Parameters = Mapping[str, Any]
CHOSEN_FOR_ALL = ("setting", "preset", "data_set")
CHOSEN_FOR_ONE = (*CHOSEN_FOR_ALL, "recipe_file")


def refuse_mistakes(parameters: Parameters) -> list[TrainingRequest]:
    """Check a run's parameters, its images and its store, and return what it is going to train.

    Raises:
        AepipeError: the store can't be written, the images are not there, or a change is none.
        ValidationError: a value is not what its field allows.
    """
    _check_places(parameters)
    shared = {name: parameters[name] for name in (*CHOSEN_FOR_ALL, "data", "split", "noise", "exports")}
    # A release of before there was a choice is done again with none.
    shared["start_from"] = parameters.get("start_from", NOTHING)
    overrides = {name: Overrides(**changes) for name, changes in parameters["recipe_overrides"].items()}
    requests = plan_requests(
        parameters["recipes"],
        Overrides(**parameters["overrides"]),
        overrides,
        parameters.get("name"),
        parameters.get("recipe_file"),
        **shared,
    )
    CheckpointSettings(**parameters["checkpoints"])
    TimeoutSettings(**parameters["timeouts"])
    PublishSettings(**parameters["publishing"])
    accept(parameters.get("accept_data"), by="")
    _try_store(parameters["store"])
    return requests


def refuse_sweep_mistakes(parameters: Parameters) -> list[TrainingRequest]:
    """Check a sweep's parameters, its images and its store, and return what it is going to train.

    Raises:
        AepipeError: the store can't be written, the images are not there, or two trainings would be the same.
        ValidationError: a seed or a value is not what its field allows.
    """
    _check_places(parameters)
    shared = {name: parameters[name] for name in CHOSEN_FOR_ONE}
    seeds = [Overrides.model_validate({"seed": seed}).seed or 0 for seed in parameters["seeds"]]
    requests = plan_sweep(parameters["recipe"], seeds, SweepValues(**parameters["values"]), Overrides(), **shared)
    _try_store(parameters["store"])
    return requests


def refuse_search_mistakes(parameters: Parameters) -> None:
    """Check a search's parameters, its images and its store.

    Raises:
        AepipeError: the store can't be written, the images are not there, or there is nothing to try.
        ValidationError: a value or a range is not what its field allows.
    """
    _check_places(parameters)
    request = TrainingRequest(recipe=parameters["recipe"], **{name: parameters[name] for name in CHOSEN_FOR_ONE})
    check_space(SearchRanges(**parameters["ranges"]), SweepValues(**parameters["values"]), request)
    _try_store(parameters["store"])


def _check_places(parameters: Parameters) -> None:
    """Check the machine's settings, that there is such a data set, and that the store's name is one."""
    backend = os.environ.get("KERAS_BACKEND", "")
    if backend not in ("", "tensorflow"):
        way_out = "Unset KERAS_BACKEND, or set it to tensorflow."
        raise ParameterError("Trainings run on Keras' TensorFlow backend.", way_out, KERAS_BACKEND=backend)
    chosen_threads()
    _try_cache()
    if parameters["data_set"] is not None:
        _check_data_set(parameters["data_set"])
    open_store(parameters["store"])


def _check_data_set(data_set: str) -> None:
    module_of(data_set)
    location = data_set.partition(":")[2]
    if location and not location.startswith("s3://"):
        path = Path(os.path.expanduser(location))
        try:
            path.is_file() or next(path.iterdir())
        except (OSError, StopIteration) as error:
            reason = getattr(error, "strerror", None) or "it is empty"
            rule = "A data set of one's own is a folder, .zip, .tar or .npz file or an s3://bucket/prefix of pictures."
            raise ParameterError(rule, "Look at the path.", data_set=data_set, problem=reason) from error


def _try_cache() -> None:
    """Look whether data sets and locks have a place."""
    folder = default_cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return
    except OSError as error:
        rule, way_out = "Data sets and locks need a folder that can be written.", "Set AEPIPE_CACHE to one."
        raise ParameterError(rule, way_out, folder=str(folder), error=error.strerror) from error


def _try_store(url: str) -> None:
    """Write and remove one small object, as a run would only minutes later.

    A server that is away for a moment is no mistake: the run waits for it as it does for one that goes away later.
    """
    key = f"preflight/{uuid4().hex}/start"
    store = open_store(url)
    with suppress(TransientStoreError, UnknownOutcomeError):
        store.put(key, b"")
        store.delete(key)
