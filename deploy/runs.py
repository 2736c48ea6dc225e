"""Runs that have to stop because their machine does: each saves its state, and starts again when the machine does."""

import time
from collections.abc import Iterable, Iterator
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelling, Scheduled

from aepipe.deploy.apply.job_templates import POOLS

LIVE = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
# A training that saves its state before it obeys the signal ends as crashed, and not as cancelled.
STOPPED = (StateType.CANCELLING, StateType.CANCELLED, StateType.CRASHED)
# A worker gives a run 30 s after the signal.
CANCEL_SECONDS = 40
PAGE = 200


def cancel_running(client: SyncPrefectClient) -> list[UUID]:
    """Cancel every run of this project's pools that is going on, wait for it, and return those that were stopped."""
    live = [run for run in _read_live(client) if run.state_type is not StateType.CANCELLING]
    for run in live:
        message = "The machine is stopped; the run goes on when it is started again."
        client.set_flow_run_state(run.id, Cancelling(message=message))
    deadline = time.monotonic() + CANCEL_SECONDS
    while time.monotonic() < deadline and any(True for _ in _read_live(client)):
        time.sleep(0.5)
    return [run.id for run in live if client.read_flow_run(run.id).state_type in STOPPED]


def reschedule(client: SyncPrefectClient, runs: Iterable[UUID]) -> int:
    """Let runs that did not end by themselves start again as soon as a worker takes from their pool; return how many.

    Args:
        client: Of the server.
        runs: Whose process is gone.
    """
    wanted = FlowRunFilter(
        id=FlowRunFilterId(any_=list(runs)),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list({*LIVE, *STOPPED}))),
    )
    stopped = client.read_flow_runs(flow_run_filter=wanted, limit=PAGE)
    for run in stopped:
        message = "Its machine was stopped; it goes on from its checkpoints."
        client.set_flow_run_state(run.id, Scheduled(name="AwaitingRetry", message=message), force=True)
    return len(stopped)


def read_live(client: SyncPrefectClient) -> list[UUID]:
    """Return the runs of this project's pools that the server thinks are going on."""
    return [run.id for run in _read_live(client)]


def _read_live(client: SyncPrefectClient) -> Iterator[FlowRun]:
    runs = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(LIVE))))
    pools = WorkPoolFilter(name=WorkPoolFilterName(any_=list(POOLS)))
    yield from client.read_flow_runs(flow_run_filter=runs, work_pool_filter=pools, limit=PAGE)
