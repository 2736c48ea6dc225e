"""Every request of a run trained and evaluated, here or on the workers of the GPU pool."""

from collections.abc import Sequence

from aepipe.flows.executors.local import train_side_by_side
from aepipe.flows.executors.pool import train_on_pool
from aepipe.flows.parameters import Execution
from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest
from aepipe.tasks.data import take_images
from aepipe.tasks.find import find_results

TRAIN = {"local": train_side_by_side, "pool": train_on_pool}


def train_all(
    requests: Sequence[TrainingRequest], execution: Execution, at_once: int | None, refresh: bool, **shared
) -> list[Outcome]:
    """Return an outcome for each request, in order; what the store already has is not trained again.

    Users' own images are taken once, for all requests: what changes from then on belongs to the next run.

    Args:
        requests: What to train.
        execution: local: in processes of this machine; pool: each by a run of train/gpu.
        at_once: How many at a time; None leaves it to the execution.
        refresh: Train and evaluate even if that has been done.
        **shared: The train flow's other parameters.
    """
    requests = take_images(shared["store"], requests, refresh)
    outcomes = {request: find_results(shared["store"], request, refresh) for request in requests}
    missing = [request for request in requests if outcomes[request] is None]
    if missing:
        trained = TRAIN[execution](missing, at_once, refresh=refresh, **shared)
        outcomes |= dict(zip(missing, trained, strict=True))
    return [outcomes[request] for request in requests]
