"""Every request of a run trained and evaluated, here or on the workers of the GPU pool."""

from collections.abc import Sequence

from aepipe.flows.executors.executor import Executor, Shared
from aepipe.flows.parameters.trainings import Execution
from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest
from aepipe.tasks.results import find_results, take_images


def train_all(
    requests: Sequence[TrainingRequest], execution: Execution, at_once: int | None, shared: Shared
) -> list[Outcome]:
    """Return an outcome for each request, in order; what the store already has is not trained again.

    Users' own images are taken once, for all requests: what changes from then on belongs to the next run.

    Args:
        requests: What to train.
        execution: local: in processes of this machine; pool: each by a run of train/gpu.
        at_once: How many at a time; None leaves it to the execution.
        shared: What all trainings have in common.
    """
    requests = take_images(shared.store, requests, shared.refresh)
    found = [(request, find_results(shared.store, request, shared.refresh)) for request in requests]
    outcomes: dict[TrainingRequest, Outcome] = {request: done for request, done in found if done is not None}
    missing = [request for request in requests if request not in outcomes]
    if missing:
        trained = TRAIN[execution](missing, at_once, shared)
        outcomes |= dict(zip(missing, trained, strict=True))
    return [outcomes[request] for request in requests]


# Both import what trains when they are called: a run that finds everything in the store starts without it.
def _train_here(requests: Sequence[TrainingRequest], at_once: int | None, shared: Shared) -> list[Outcome]:
    from aepipe.flows.executors.local import train_side_by_side

    return train_side_by_side(requests, at_once, shared)


def _train_on_pool(requests: Sequence[TrainingRequest], at_once: int | None, shared: Shared) -> list[Outcome]:
    from aepipe.flows.executors.pool import train_on_pool

    return train_on_pool(requests, at_once, shared)


TRAIN: dict[Execution, Executor] = {"local": _train_here, "pool": _train_on_pool}
