"""Lanes: processes of this machine that train one request after the other, each in its main thread."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

import cloudpickle
from prefect.client.orchestration import get_client
from prefect.context import hydrated_context, serialize_context
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import State

from aepipe.errors import TimedOutError
from aepipe.flows.children import cancelled_children, fail_child
from aepipe.flows.executors.executor import Shared
from aepipe.flows.interruption import END_SECONDS, leave_signals_to_parent, started_without_hangups
from aepipe.flows.lifeline import end_with_process
from aepipe.flows.train import train
from aepipe.hardware import chosen_threads, count_gpus, usable_cores
from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest, describe_request
from aepipe.tasks.failures import failure_of
from aepipe.tasks.results import collect_results

# Between SIGTERM and SIGKILL for what hangs: it has had its time.
KILL_SECONDS = 10.0
# Longer than a child takes to save its state, or to give up.
STOP_SECONDS = END_SECONDS + 10
LIBRARY_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Lane:
    """A process that trains one request after the other."""

    executor: ProcessPoolExecutor
    process: BaseProcess

    @classmethod
    def begin(cls, variables: dict[str, str]) -> "Lane":
        """Start a process whose environment has these variables, also for libraries that read them once."""
        spawn, before = multiprocessing.get_context("spawn"), multiprocessing.active_children()
        with started_without_hangups(), _environment(variables):
            executor = ProcessPoolExecutor(1, spawn, initializer=_begin)
            # Its process starts with the first that it is given to do.
            executor.submit(os.getpid)
        (process,) = (child for child in multiprocessing.active_children() if child not in before)
        return cls(executor, process)

    def describe_death(self, error: BaseException | None) -> str:
        """Return how it ended, in words, by what its training raised for that."""
        if not isinstance(error, BrokenProcessPool):
            return "was told to stop"
        # Waits for the end, so that its reason is known.
        self.executor.shutdown()
        return describe_exit(self.process.exitcode)


@dataclass
class Training:
    """A request that a lane trains.

    Attributes:
        lane: Where.
        request: What.
        due: When it must have ended, by the monotonic clock. Its own process ends it before, unless that hangs.
        late: What is said of it then.
        error: Why it was ended from here.
    """

    lane: Lane
    request: TrainingRequest
    due: float
    late: TimedOutError
    error: str | None = None

    def end_if_late(self) -> None:
        """Tell its process to end when it is due, and kill it where it does not."""
        if self.error is not None or time.monotonic() < self.due:
            return
        self.error = str(self.late)
        get_run_logger().error(self.error)
        fail_child(self.request, self.error)
        process = self.lane.process
        process.terminate()
        process.join(KILL_SECONDS)
        process.kill()


def describe_exit(code: int | None) -> str:
    """Return how a process ended, in words, by its exit code: a signal's number is a negative one."""
    if code == -signal.SIGKILL:
        way_out = "fewer at a time (at_once) or smaller batches (batch_size) take less"
        return f"was killed by signal 9, probably for want of memory: {way_out}"
    if code is None or code >= 0:
        return f"ended with exit code {code}"
    return f"was killed by signal {-code}"


def threads_of_lane(num_lanes: int) -> int:
    """Return with how many threads each of so many trainings computes: its share of the cores, or AEPIPE_THREADS."""
    return chosen_threads() or max(1, usable_cores() // num_lanes)


class Lanes:
    """Processes, idle and at work.

    On a CPU each trains on: to start one takes seconds. On a GPU each training has one of its own, because only the end
    of a process gives all of the GPU's memory back; the next one starts while it trains.

    Args:
        context: What a child needs to be this run's.
        shared: What all trainings have in common.
        variables: What the environment of each process has.
    """

    def __init__(self, context: bytes, shared: Shared, variables: dict[str, str]):
        self._context, self._shared, self._variables = context, shared, variables
        self._are_used_once = count_gpus() > 0
        self.idle: list[Lane] = []
        self._next: list[Lane] = []
        self._ending: list[Lane] = []

    def open(self) -> None:
        """Add one that is idle."""
        self.idle.append(Lane.begin(self._variables))

    def begin(self, request: TrainingRequest, more_wait: bool) -> tuple[Future[Outcome], Training]:
        """Let an idle one train a request, while more of them wait or not."""
        lane, timeouts = self.idle.pop(), self._shared.timeouts
        allowed = timeouts.of_recipe(request.overrides)
        # After it was told to end by its own process, it has time to save its state.
        due = time.monotonic() + allowed + 2 * timeouts.grace_seconds
        future = lane.executor.submit(_train_in_child, self._context, request, self._shared)
        if self._are_used_once and more_wait:
            self._next.append(Lane.begin(self._variables))
        return future, Training(lane, request, due, timeouts.error("training", describe_request(request), allowed))

    def give_back(self, lane: Lane, was_killed: bool, is_needed: bool) -> None:
        """Take back one that has ended its work. Where it is needed, another stands in for one that can't go on."""
        if not (was_killed or self._are_used_once):
            self.idle.append(lane)
            return
        lane.executor.shutdown(wait=False)
        if not was_killed:
            self._ending.append(lane)
        if is_needed:
            self.idle.append(self._next.pop() if self._next else Lane.begin(self._variables))

    def close(self) -> None:
        """End all of them, which have nothing left to do, and wait for those that end."""
        for lane in (*self.idle, *self._next):
            lane.executor.shutdown()
        for lane in self._ending:
            lane.process.join()


@contextmanager
def open_lanes(num_lanes: int, shared: Shared) -> Iterator[Lanes]:
    """Give so many idle lanes; all end with the block."""
    threads = str(threads_of_lane(num_lanes))
    # What NumPy, SciPy and scikit-learn compute with: else each would take all cores, and wait for the others' turn.
    libraries = {name: os.environ.get(name, threads) for name in LIBRARY_THREADS}
    variables = {"AEPIPE_THREADS": threads, **libraries}
    if num_lanes > 1:
        # Bars of several processes would overwrite each other.
        variables["TTY_COMPATIBLE"] = "0"
    with get_client(sync_client=True) as client, temporary_settings({PREFECT_API_URL: str(client.api_url)}):
        context = cloudpickle.dumps(serialize_context())
    lanes = Lanes(context, shared, variables)
    with cancelled_children(_stop_lanes):
        for _ in range(num_lanes):
            lanes.open()
        yield lanes
    lanes.close()


def _stop_lanes() -> None:
    """Tell the children to stop; each saves its checkpoint, and is killed where it hangs and so does not."""
    children = multiprocessing.active_children()
    for process in children:
        process.terminate()
    for process in children:
        process.join(timeout=5)
    # Later, and not here: what is being cancelled says so meanwhile.
    timer = threading.Timer(STOP_SECONDS, _kill, [children])
    timer.daemon = True
    timer.start()


def _kill(children: Iterable[BaseProcess]) -> None:
    for process in children:
        process.kill()


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Within the block, let what is started have these variables."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin() -> None:
    leave_signals_to_parent()
    parent = multiprocessing.parent_process()
    if parent is not None:
        end_with_process(parent)


def _train_in_child(context: bytes, request: TrainingRequest, shared: Shared) -> Outcome:
    with hydrated_context(cloudpickle.loads(context)):
        return train_here(request, shared)


def train_here(request: TrainingRequest, shared: Shared) -> Outcome:
    """Run the train flow in this process; a failure is an outcome."""
    state: State = train(**request.as_parameters(), **dict(shared), return_state=True)
    if not state.is_completed():
        return request.failed(failure_of(state))
    # Where the server's answer was lost, Prefect asks again and is given the state that is there, without the result.
    return collect_results(shared.store, request) if state.data is None else state.result()
