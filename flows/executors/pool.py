"""Each training by a run of the deployment train/gpu, on whatever workers take from its pool.

One loop in this run's main thread starts them, looks at them and collects them: a thread could not be cancelled. What
parent and children share is the store and the Prefect server.
"""

import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import cast
from uuid import UUID

from prefect import get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.runtime import flow_run
from prefect.states import Cancelling, State
from pydantic_core import to_jsonable_python

from aepipe.flows.children import cancelled_children, is_over, patiently, read_children
from aepipe.flows.executors.attempts import Attempts
from aepipe.flows.executors.executor import Shared
from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest, describe_request, estimated_work
from aepipe.tasks.failures import message_of
from aepipe.tasks.results import collect_results

DEPLOYMENT = "train/gpu"
LOOK_EVERY_SECONDS = 3
# A queue with more waiting runs than this makes every worker's question for work slow.
MAX_AT_ONCE = 50
# Workers hear of it at once and tell the processes; how those end is the workers' business, and takes them seconds.
CANCEL_SECONDS = 1.5


def train_on_pool(requests: Sequence[TrainingRequest], at_once: int | None, shared: Shared) -> list[Outcome]:
    """Train each request on a worker; a failure is an outcome, so that the others go on.

    A child that crashed is started again, and goes on from its checkpoint; twice at most where that does not move.
    Children of an earlier attempt of this same run that still train are waited for, not started again.

    Args:
        requests: What to train.
        at_once: How many children wait or run at a time; by default, and at most, 50.
        shared: What they have in common.
    """
    with get_client(sync_client=True) as client:
        fan = _Fan(client, requests, shared)
        with cancelled_children(partial(time.sleep, CANCEL_SECONDS)):
            fan.run(min(at_once or MAX_AT_ONCE, MAX_AT_ONCE))
    return [fan.outcomes[request] for request in requests]


class _Fan:
    """Children that run, requests that wait, outcomes that are there."""

    def __init__(self, client: SyncPrefectClient, requests: Sequence[TrainingRequest], shared: Shared):
        self._client, self._shared = client, shared
        # The longest first, so that none is left to run alone at the end.
        self._waiting = deque(sorted(requests, key=estimated_work, reverse=True))
        self._attempts = Attempts(requests, shared)
        self._children: dict[UUID, TrainingRequest] = {}
        self._began: dict[UUID, float] = {}
        self.outcomes: dict[TrainingRequest, Outcome] = {}

    def run(self, at_once: int) -> None:
        self._adopt()
        while self._waiting or self._children:
            while self._waiting and len(self._children) < at_once:
                self._start(self._waiting.popleft())
            for child in self._read():
                if is_over(child) and child.state is not None:
                    self._collect(self._children.pop(child.id), child, child.state)
                elif self._is_late(child):
                    self._cancel(self._children.pop(child.id), child)
            if self._children:
                time.sleep(LOOK_EVERY_SECONDS)

    def _adopt(self) -> None:
        """Take up what an earlier attempt of this run started: it may have been killed while they went on."""
        # The images may have changed since; what a child trains on are those that it was given.
        known = {request.with_identity(None): request for request in self._waiting}
        for child in patiently()(read_children, self._client):
            request = known.get(TrainingRequest.of(child.parameters).with_identity(None))
            if request is None:
                continue
            self._attempts.adopt(request)
            if not is_over(child):
                self._waiting.remove(request)
                self._children[child.id] = request

    def _start(self, request: TrainingRequest) -> None:
        number = self._attempts.begin(request)
        parameters = to_jsonable_python({**request.as_parameters(), **dict(self._shared)})
        started = patiently()(
            run_deployment,
            DEPLOYMENT,
            parameters=parameters,
            timeout=0,
            flow_run_name=describe_request(request),
            # Where the answer was lost, asking again gives the same child.
            idempotency_key=f"{flow_run.id}/{request.digest}/{number}",
        )
        # It is something that is waited for only where code is asynchronous.
        self._children[cast(FlowRun, started).id] = request

    def _read(self) -> list[FlowRun]:
        ids = FlowRunFilter(id=FlowRunFilterId(any_=list(self._children)))
        return patiently()(self._client.read_flow_runs, flow_run_filter=ids, limit=MAX_AT_ONCE)

    def _is_late(self, child: FlowRun) -> bool:
        """Tell whether a child hangs that should have ended itself; what waits for a worker has all the time."""
        if child.state is None or not child.state.is_running():
            return False
        # By this machine's clock alone: the worker's may be another.
        began = self._began.setdefault(child.id, time.monotonic())
        timeouts = self._shared.timeouts
        allowed = timeouts.of_recipe(self._children[child.id].overrides) + 2 * timeouts.grace_seconds
        return time.monotonic() - began > allowed

    def _cancel(self, request: TrainingRequest, child: FlowRun) -> None:
        timeouts = self._shared.timeouts
        error = str(timeouts.error("training", child.name, timeouts.of_recipe(request.overrides)))
        get_run_logger().error(error)
        state: State = Cancelling(message=error)
        patiently()(self._client.set_flow_run_state, child.id, state, force=True)
        self.outcomes[request] = request.failed(error)

    def _collect(self, request: TrainingRequest, child: FlowRun, state: State) -> None:
        if state.is_completed():
            self.outcomes[request] = collect_results(self._shared.store, TrainingRequest.of(child.parameters))
        elif not state.is_crashed():
            self.outcomes[request] = request.failed(message_of(state))
        elif self._attempts.may_go_on(request):
            next_one = self._attempts.describe_next(request)
            get_run_logger().warning("%s crashed and is started again, %s: %s", child.name, next_one, state.message)
            self._waiting.appendleft(request)
        else:
            error = f"{message_of(state)} ({self._attempts.describe_last(request)})"
            self.outcomes[request] = request.failed(error)
