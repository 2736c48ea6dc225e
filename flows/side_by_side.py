"""Several `train` flows at once on this machine, each in the main thread of a process of its own.

Never in threads of one process: random seeds are the process's, and a thread can't be stopped. The children are
subflows of the run that starts them.
"""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from pathlib import Path

import cloudpickle
from prefect.client.orchestration import get_client
from prefect.context import hydrated_context, serialize_context
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import State

from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest, estimated_work
from flows.train import train
from tasks.failures import failure_of


def trainings_at_once(chosen: int | None, num_requests: int) -> int:
    """Return how many trainings run side by side: two keep two cores busier than one does; a GPU has one."""
    default = 1 if Path("/dev/nvidia0").exists() else min(2, os.cpu_count() or 1)
    return min(chosen or default, num_requests)


def train_side_by_side(requests: Sequence[TrainingRequest], num_processes: int, **shared) -> list[Outcome]:
    """Run the train flow for each request, so many at a time; a failure is an outcome, so that the others go on.

    Args:
        requests: What to train.
        num_processes: How many at a time; the cores are shared out among them.
        **shared: The flow's other parameters.
    """
    if num_processes == 1:
        return [_train(request, shared) for request in requests]
    variables = {"AEPIPE_THREADS": str(max(1, (os.cpu_count() or 1) // num_processes)), "TTY_COMPATIBLE": "0"}
    with get_client(sync_client=True) as client, temporary_settings({PREFECT_API_URL: str(client.api_url)}):
        context = cloudpickle.dumps(serialize_context())
    pool = ProcessPoolExecutor(
        num_processes, multiprocessing.get_context("spawn"), initializer=_set_environment, initargs=(variables,)
    )
    # The longest first, so that none is left to run alone at the end.
    ordered = sorted(requests, key=estimated_work, reverse=True)
    with pool:
        futures = [pool.submit(_train_in_child, context, request, shared) for request in ordered]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _set_environment(variables: dict[str, str]) -> None:
    os.environ.update(variables)


def _train_in_child(context: bytes, request: TrainingRequest, shared: dict) -> Outcome:
    with hydrated_context(cloudpickle.loads(context)):
        return _train(request, shared)


def _train(request: TrainingRequest, shared: dict) -> Outcome:
    state: State = train(**dict(request), **shared, return_state=True)
    if state.is_completed():
        return state.result()
    return Outcome(recipe=request.recipe, setting=request.setting, error=failure_of(state))
