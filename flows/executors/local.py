"""`train` flows on this machine, several at once or one after the other, never in the process of the run.

Nor in threads of one process: random seeds are the process's, and a thread can't be stopped. A lane is a process, so a
training that is killed takes neither another nor the run with it. The children are subflows of the run that starts
them.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool

from prefect.exceptions import TerminationSignal
from prefect.logging import get_run_logger

from aepipe.flows.children import end_child
from aepipe.flows.executors.attempts import Attempts
from aepipe.flows.executors.executor import Shared
from aepipe.flows.executors.lanes import Lanes, Training, open_lanes
from aepipe.hardware import count_gpus, usable_cores
from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest, describe_request, estimated_work

# What a lane raises when its process was killed, or was told to stop by somebody else than this run.
KILLED = (BrokenProcessPool, TerminationSignal)
# For what has taken too long.
LOOK_EVERY_SECONDS = 5.0


def train_side_by_side(requests: Sequence[TrainingRequest], at_once: int | None, shared: Shared) -> list[Outcome]:
    """Run the train flow for each request; a failure is an outcome, so that the others go on.

    A training whose process was killed is started again from its checkpoint, twice at most where that does not move.

    Args:
        requests: What to train.
        at_once: How many at a time, with the cores shared out among them where AEPIPE_THREADS does not say how many
            each has; by default 2, on a GPU 1.
        shared: What they have in common.
    """
    with open_lanes(_count_lanes(at_once, len(requests)), shared) as lanes:
        return _SideBySide(requests, lanes, Attempts(requests, shared)).run()


class _SideBySide:
    """Lanes that train, requests that wait, outcomes that are there."""

    def __init__(self, requests: Sequence[TrainingRequest], lanes: Lanes, attempts: Attempts):
        self._requests, self._lanes, self._attempts = requests, lanes, attempts
        # The longest first, so that none is left to run alone at the end.
        self._waiting = deque(sorted(requests, key=estimated_work, reverse=True))
        self._running: dict[Future[Outcome], Training] = {}
        self._outcomes: dict[TrainingRequest, Outcome] = {}

    def run(self) -> list[Outcome]:
        """Train everything; return an outcome for each request, in order."""
        while self._waiting or self._running:
            while self._waiting and self._lanes.idle:
                request = self._waiting.popleft()
                self._attempts.begin(request)
                future, training = self._lanes.begin(request, more_wait=bool(self._waiting))
                self._running[future] = training
            for future in wait(self._running, LOOK_EVERY_SECONDS, FIRST_COMPLETED).done:
                self._collect(future, self._running.pop(future))
            for training in self._running.values():
                training.end_if_late()
        return [self._outcomes[request] for request in self._requests]

    def _collect(self, future: Future[Outcome], training: Training) -> None:
        request, death = training.request, future.exception()
        if isinstance(death, KILLED):
            self._take_up(training, training.lane.describe_death(death))
        else:
            self._outcomes[request] = future.result()
            _say_done(request, len(self._outcomes), len(self._requests))
        self._lanes.give_back(training.lane, isinstance(death, KILLED), bool(self._waiting))

    def _take_up(self, training: Training, death: str) -> None:
        """Let a training whose process died wait to be begun again, or fail."""
        request = training.request
        error = training.error or end_child(request)
        if error is None and not self._attempts.may_go_on(request):
            error = f"its process {death} ({self._attempts.describe_last(request)})"
        if error is not None:
            self._outcomes[request] = request.failed(error)
            return
        next_one = self._attempts.describe_next(request)
        get_run_logger().warning("The process of %s %s. It is started again, %s.", request.model, death, next_one)
        self._waiting.appendleft(request)


def _count_lanes(chosen: int | None, num_requests: int) -> int:
    """Two keep two cores busier than one does; a GPU has one."""
    default = 1 if count_gpus() else min(2, usable_cores())
    return min(chosen or default, num_requests)


def _say_done(request: TrainingRequest, number: int, num_requests: int) -> None:
    get_run_logger().info("%d of %d: %s has ended", number, num_requests, describe_request(request))
