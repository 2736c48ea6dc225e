"""One run stands for those that its schedule missed: while the server was down, or while a night took too long."""

from uuid import UUID

from prefect import get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.events import emit_event
from prefect.states import Cancelled

from aepipe.flows.children import PAGE, patiently

# Due, and not begun. One that was interrupted goes on, and is no missed one.
WAITING = ("Late", "AwaitingConcurrencySlot")


def cancel_missed_runs() -> None:
    """Cancel the other runs of this run's schedule that are due, and say so once; nothing for a run by hand."""
    context = FlowRunContext.get()
    own = context.flow_run if context else None
    if own is None or not own.auto_scheduled or own.created_by is None or own.created_by.id is None:
        return
    with get_client(sync_client=True) as client:
        missed = [run for run in patiently()(_read_waiting, client, own.deployment_id) if _has_schedule_of(run, own)]
        for run in missed:
            state = Cancelled(message=f"{own.name} stands for it: its schedule was behind.")
            patiently()(client.set_flow_run_state, run.id, state, force=True)
        if missed:
            name = f"{client.read_flow(own.flow_id).name}/{client.read_deployment(own.deployment_id).name}"
            _say(f"{name}, schedule {own.created_by.display_value}", own, missed)


def _read_waiting(client: SyncPrefectClient, deployment_id: UUID) -> list[FlowRun]:
    waiting = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment_id]),
        state=FlowRunFilterState(name=FlowRunFilterStateName(any_=list(WAITING))),
    )
    return client.read_flow_runs(flow_run_filter=waiting, limit=PAGE)


def _has_schedule_of(run: FlowRun, own: FlowRun) -> bool:
    return run.id != own.id and run.created_by is not None and run.created_by.id == own.created_by.id


def _say(schedule: str, own: FlowRun, missed: list[FlowRun]) -> None:
    since = f"{min(run.expected_start_time for run in (own, *missed)):%Y-%m-%d %H:%M} UTC"
    summary = f"{len(missed)} runs of {schedule} were cancelled; this one stands for all since {since}."
    get_run_logger().warning(summary)
    # What an automation may tell people of.
    emit_event(
        "aepipe.runs.missed",
        resource={
            "prefect.resource.id": f"aepipe.schedule.{own.created_by.id}",
            "prefect.resource.name": schedule,
        },
        payload={"summary": summary, "number": len(missed)},
    )
