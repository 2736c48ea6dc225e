"""Attempts at trainings that are killed: how many there were since the last one that came on."""

import math
from collections.abc import Iterable

from aepipe.flows.executors.executor import Shared
from aepipe.stages.request import TrainingRequest
from aepipe.tasks.results import find_steps

# A training that dies goes on from its checkpoint; one that dies every time at the same step does so for a reason.
MAX_ATTEMPTS = 3


class Attempts:
    """Counts how often each request is begun. One whose checkpoint has moved since the last time begins to count anew.

    So a machine that is taken away every hour ends no training of ten hours.

    Args:
        requests: What is trained.
        shared: Names the store that has the checkpoints. Where all is done anew, each attempt is, and none comes on.
    """

    def __init__(self, requests: Iterable[TrainingRequest], shared: Shared):
        self._shared = shared
        self._steps: dict[TrainingRequest, float] = dict.fromkeys(requests, 0)
        self._in_all, self._since = dict.fromkeys(self._steps, 0), dict.fromkeys(self._steps, 0)

    def begin(self, request: TrainingRequest) -> int:
        """Count one more, and return how many that are in all."""
        self._in_all[request] += 1
        self._since[request] += 1
        return self._in_all[request]

    def adopt(self, request: TrainingRequest) -> None:
        """Count one that somebody began earlier, who counted for himself."""
        self._in_all[request] += 1

    def may_go_on(self, request: TrainingRequest) -> bool:
        """Tell whether a training that was killed is begun again, by how far it came."""
        steps = 0 if self._shared.refresh else find_steps(self._shared.store, request)
        if steps > self._steps[request]:
            self._steps[request], self._since[request] = steps, 0
        return self._since[request] < MAX_ATTEMPTS

    def describe_next(self, request: TrainingRequest) -> str:
        """Return which attempt the next will be, in words."""
        return self._describe(request, self._since[request] + 1)

    def describe_last(self, request: TrainingRequest) -> str:
        """Return which attempt the last was, in words."""
        return self._describe(request, self._since[request])

    def _describe(self, request: TrainingRequest, number: int) -> str:
        steps = self._steps[request]
        since = "its training" if math.isinf(steps) else f"step {steps:,.0f}"
        return f"attempt {number} of {MAX_ATTEMPTS} since {since}"
