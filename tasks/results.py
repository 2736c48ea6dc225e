"""Tasks that look into the store for what a run needs, before anything is started for it and after others did it."""

from collections.abc import Sequence

from prefect import get_run_logger
from prefect.states import Completed, State

from aepipe import datasets
from aepipe.stages.data import DataParameters, DataStage
from aepipe.stages.graph import find_outcome, steps_saved
from aepipe.stages.outcome import Done, Outcome
from aepipe.stages.parent import NOTHING, find_parent, find_parent_of
from aepipe.stages.request import TrainingRequest
from aepipe.store import open_store
from aepipe.tasks.stages import produce, result_of, store_task


def take_images(store_url: str, requests: Sequence[TrainingRequest], refresh: bool) -> list[TrainingRequest]:
    """Put users' own images into the store as they are now, once for all; return requests for exactly these."""
    taken: dict[DataParameters, str | None] = {}
    for parameters in (request.data_parameters() for request in requests):
        is_taken = parameters in taken or parameters.settings.identity is not None
        if datasets.is_own(parameters.data_set) and not is_taken:
            taken[parameters] = produce(store_url, DataStage(parameters), refresh).facts.identity
    return [
        request.with_identity(taken[request.data_parameters()]) if request.data_parameters() in taken else request
        for request in requests
    ]


def find_results(store_url: str, request: TrainingRequest, refresh: bool) -> Done | None:
    """Return the recipe's outcome if the store has all of it and it is not to be redone."""
    return None if refresh else result_of(_find_results(store_url, request, return_state=True))


def find_parents(store_url: str, requests: Sequence[TrainingRequest]) -> list[TrainingRequest]:
    """Return the requests with the published models that they begin with, as channels name them now; each is said."""
    return [
        request if request.start_from == NOTHING or request.parent is not None else _find_parent(store_url, request)
        for request in requests
    ]


@store_task(name="find-parent", task_run_name="find-parent/{request.model}")
def _find_parent(store_url: str, request: TrainingRequest) -> TrainingRequest:
    """Find the published model that a training begins with."""
    parent = find_parent(open_store(store_url), request.start_from, request.model)
    if parent is None:
        get_run_logger().info("%s begins with nothing: %s has none of it yet", request.model, request.start_from)
    else:
        get_run_logger().info("%s begins with that of release %s", request.model, parent.release)
    return request.with_parent(parent)


def leave_as_trained(store_url: str, requests: Sequence[TrainingRequest], refresh: bool) -> list[TrainingRequest]:
    """Return the requests; one whose parent learned from exactly this begins with what the parent began with.

    It comes to the parent then, which is in the store: a night that brings nothing trains nothing.
    """
    if refresh:
        return list(requests)
    return [request if request.parent is None else _leave_as_trained(store_url, request) for request in requests]


@store_task(name="find-news", task_run_name="find-news/{request.model}")
def _leave_as_trained(store_url: str, request: TrainingRequest) -> TrainingRequest:
    """Look whether there is anything that the parent has not learned from."""
    store = open_store(store_url)
    before = request.with_parent(find_parent_of(store, request.parent))
    return request if find_outcome(store, before) is None else before


@store_task(name="collect", task_run_name="collect/{request.model}")
def collect_results(store_url: str, request: TrainingRequest) -> Outcome:
    """Return what a run put into the store that did not hand it over, as one on another machine."""
    outcome = find_outcome(open_store(store_url), request)
    if outcome is None:
        error = "its run completed, but its results are not in this store; do its workers use the same one?"
        return request.failed(error)
    return outcome.model_copy(update={"was_cached": False})


@store_task(name="find-checkpoint", task_run_name="find-checkpoint/{request.model}")
def find_steps(store_url: str, request: TrainingRequest) -> float:
    """Return how many steps of a training the store has: those of its last checkpoint, or infinitely many."""
    return steps_saved(open_store(store_url), request)


@store_task(name="find", task_run_name="find/{request.model}")
def _find_results(store_url: str, request: TrainingRequest) -> State[Done | None]:
    outcome = find_outcome(open_store(store_url), request)
    if outcome is None:
        return Completed(message=f"{request.model} has to be trained", data=None)
    return Completed(name="Cached", message=f"{request.model}: no training, its results are in the store", data=outcome)
