"""Several `train` flows at once on this machine, each in the main thread of a process of its own.

Never in threads of one process: random seeds are the process's, and a thread can't be stopped. Each lane is a process
that trains one request after the other, so one that is killed takes no other with it. The children are subflows of the
run that starts them.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool

from prefect.exceptions import TerminationSignal
from prefect.logging import get_run_logger

from aepipe.flows.children import MAX_ATTEMPTS, end_child
from aepipe.flows.executors.executor import Shared
from aepipe.flows.executors.lanes import Lanes, Training, open_lanes, train_here
from aepipe.hardware import count_gpus, usable_cores
from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest, describe_request, estimated_work

# What a lane raises when its process was killed, or was told to stop by somebody else than this run.
KILLED = (BrokenProcessPool, TerminationSignal)
# For what has taken too long.
LOOK_EVERY_SECONDS = 5.0


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
    with open_lanes(num_lanes, shared) as lanes:
        return _SideBySide(requests, lanes).run()


class _SideBySide:
    """Lanes that train, requests that wait, outcomes that are there."""

    def __init__(self, requests: Sequence[TrainingRequest], lanes: Lanes):
        self._requests, self._lanes = requests, lanes
        # The longest first, so that none is left to run alone at the end.
        self._waiting = deque(sorted(requests, key=estimated_work, reverse=True))
        self._attempts = dict.fromkeys(requests, 0)
        self._running: dict[Future[Outcome], Training] = {}
        self._outcomes: dict[TrainingRequest, Outcome] = {}

    def run(self) -> list[Outcome]:
        """Train everything; return an outcome for each request, in order."""
        while self._waiting or self._running:
            while self._waiting and self._lanes.idle:
                request = self._waiting.popleft()
                self._attempts[request] += 1
                future, training = self._lanes.begin(request)
                self._running[future] = training
            for future in wait(self._running, LOOK_EVERY_SECONDS, FIRST_COMPLETED).done:
                self._collect(future, self._running.pop(future))
            for training in self._running.values():
                training.end_if_late()
        return [self._outcomes[request] for request in self._requests]

    def _collect(self, future: Future[Outcome], training: Training) -> None:
        request = training.request
        was_killed = isinstance(future.exception(), KILLED)
        self._lanes.give_back(training.lane, was_killed)
        if not was_killed:
            self._outcomes[request] = future.result()
            _say_done(request, len(self._outcomes), len(self._requests))
            return
        error = training.error or end_child(request)
        if error is None and self._attempts[request] == MAX_ATTEMPTS:
            error = f"its process was killed {MAX_ATTEMPTS} times"
        if error is not None:
            self._outcomes[request] = request.failed(error)
            return
        get_run_logger().warning("The process of %s was ended; it goes on from its checkpoint.", request.model)
        self._waiting.appendleft(request)


def _count_lanes(chosen: int | None, num_requests: int) -> int:
    """Two keep two cores busier than one does; a GPU has one."""
    default = 1 if count_gpus() else min(2, usable_cores())
    return min(chosen or default, num_requests)


def _train_and_say(request: TrainingRequest, shared: Shared, number: int, num_requests: int) -> Outcome:
    outcome = train_here(request, shared)
    _say_done(request, number, num_requests)
    return outcome


def _say_done(request: TrainingRequest, number: int, num_requests: int) -> None:
    get_run_logger().info("%d of %d: %s has ended", number, num_requests, describe_request(request))
