"""Several `train` flows at once on this machine, each in the main thread of a process of its own.

Never in threads of one process: random seeds are the process's, and a thread can't be stopped. Each lane is a process
that trains one request after the other, so one that is killed takes no other with it. The children are subflows of the
run that starts them.
"""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import cloudpickle
from prefect.client.orchestration import get_client
from prefect.context import hydrated_context, serialize_context
from prefect.exceptions import TerminationSignal
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import State

from aepipe.flows.children import MAX_ATTEMPTS, cancelled_children, crash_child
from aepipe.flows.executors.executor import Shared
from aepipe.flows.interruption import leave_signals_to_parent, started_without_hangups
from aepipe.flows.lifeline import end_with_process
from aepipe.flows.train import train
from aepipe.hardware import chosen_threads, count_gpus, usable_cores
from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest, describe_request, estimated_work
from aepipe.tasks.failures import failure_of

# What a lane raises when its process was killed, or was told to stop by somebody else than this run.
KILLED = (BrokenProcessPool, TerminationSignal)


def train_side_by_side(requests: Sequence[TrainingRequest], at_once: int | None, shared: Shared) -> list[Outcome]:
    """Run the train flow for each request; a failure is an outcome, so that the others go on.

    A training whose process was killed is started again from its checkpoint, twice at most.

    Args:
        requests: What to train.
        at_once: How many at a time, with the cores shared out among them where AEPIPE_THREADS does not say how many
            each has; by default 2, on a GPU 1.
        shared: What they have in common.
    """
    num_lanes = _count_lanes(at_once, len(requests))
    if num_lanes == 1:
        return [_train_and_say(request, shared, number, len(requests)) for number, request in enumerate(requests, 1)]
    # The longest first, so that none is left to run alone at the end.
    waiting = deque(sorted(requests, key=estimated_work, reverse=True))
    attempts = dict.fromkeys(requests, 0)
    outcomes: dict[TrainingRequest, Outcome] = {}
    running: dict[Future, tuple[ProcessPoolExecutor, TrainingRequest]] = {}
    with _lanes(num_lanes) as (idle, open_lane, context):
        while waiting or running:
            while waiting and idle:
                lane, request = idle.pop(), waiting.popleft()
                attempts[request] += 1
                running[lane.submit(_train_in_child, context, request, shared)] = lane, request
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                lane, request = running.pop(future)
                if not isinstance(future.exception(), KILLED):
                    outcomes[request] = future.result()
                    _say_done(request, len(outcomes), len(requests))
                    idle.append(lane)
                    continue
                lane.shutdown(wait=False)
                idle.append(open_lane())
                crash_child(request)
                get_run_logger().warning("The process of %s was ended; it goes on from its checkpoint.", request.model)
                if attempts[request] < MAX_ATTEMPTS:
                    waiting.appendleft(request)
                else:
                    error = f"its process was killed {MAX_ATTEMPTS} times"
                    outcomes[request] = request.failed(error)
    return [outcomes[request] for request in requests]


def _count_lanes(chosen: int | None, num_requests: int) -> int:
    """Two keep two cores busier than one does; a GPU has one."""
    default = 1 if count_gpus() else min(2, usable_cores())
    return min(chosen or default, num_requests)


def threads_of_lane(num_lanes: int) -> int:
    """Return with how many threads each of so many trainings computes: its share of the cores, or AEPIPE_THREADS."""
    return chosen_threads() or max(1, usable_cores() // num_lanes)


@contextmanager
def _lanes(num_lanes: int) -> Iterator[tuple[list[ProcessPoolExecutor], Callable[[], ProcessPoolExecutor], bytes]]:
    """Give idle lanes, how to open one more, and what a child needs to be this run's; all end with the block."""
    variables = {"AEPIPE_THREADS": str(threads_of_lane(num_lanes)), "TTY_COMPATIBLE": "0"}
    opened: list[ProcessPoolExecutor] = []

    def open_lane() -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        with started_without_hangups():
            lane = ProcessPoolExecutor(1, spawn, initializer=_begin, initargs=(variables,))
            # Its process starts with the first that it is given to do.
            lane.submit(os.getpid)
        opened.append(lane)
        return lane

    with get_client(sync_client=True) as client, temporary_settings({PREFECT_API_URL: str(client.api_url)}):
        context = cloudpickle.dumps(serialize_context())
    with cancelled_children(_stop_lanes):
        yield [open_lane() for _ in range(num_lanes)], open_lane, context
    for lane in opened:
        lane.shutdown()


def _stop_lanes() -> None:
    """Tell the children to stop; each saves its checkpoint."""
    for process in multiprocessing.active_children():
        process.terminate()
    for process in multiprocessing.active_children():
        process.join(timeout=5)


def _begin(variables: dict[str, str]) -> None:
    os.environ.update(variables)
    leave_signals_to_parent()
    parent = multiprocessing.parent_process()
    if parent is not None:
        end_with_process(parent)


def _train_in_child(context: bytes, request: TrainingRequest, shared: Shared) -> Outcome:
    with hydrated_context(cloudpickle.loads(context)):
        return _train(request, shared)


def _train_and_say(request: TrainingRequest, shared: Shared, number: int, num_requests: int) -> Outcome:
    outcome = _train(request, shared)
    _say_done(request, number, num_requests)
    return outcome


def _say_done(request: TrainingRequest, number: int, num_requests: int) -> None:
    get_run_logger().info("%d of %d: %s has ended", number, num_requests, describe_request(request))


def _train(request: TrainingRequest, shared: Shared) -> Outcome:
    state: State = train(**dict(request), **dict(shared), return_state=True)
    if state.is_completed():
        return state.result()
    return request.failed(failure_of(state))
