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
from prefect.states import Cancelled, State

from aepipe.flows.children import PAGE, patiently
from aepipe.notation import counted

# Due, and not begun. One that was interrupted goes on, and is no missed one.
WAITING = ("Late", "AwaitingConcurrencySlot")


def cancel_missed_runs() -> None:
    """Cancel the other runs of this run's schedule that are due, and say so once; nothing for a run by hand."""
    context = FlowRunContext.get()
    own = context.flow_run if context else None
    if own is None or own.deployment_id is None or not own.auto_scheduled:
        return
    schedule = own.created_by
    if schedule is None or schedule.id is None:
        return
    with get_client(sync_client=True) as client:
        waiting = patiently()(_read_waiting, client, own.deployment_id)
        missed = [run for run in waiting if run.id != own.id and _is_of(run, schedule.id)]
        for run in missed:
            state: State = Cancelled(message=f"{own.name} stands for it: its schedule was behind.")
            patiently()(client.set_flow_run_state, run.id, state, force=True)
        if missed:
            name = f"{client.read_flow(own.flow_id).name}/{client.read_deployment(own.deployment_id).name}"
            _say(f"{name}, schedule {schedule.display_value}", schedule.id, [own, *missed])


def _read_waiting(client: SyncPrefectClient, deployment_id: UUID) -> list[FlowRun]:
    waiting = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment_id]),
        state=FlowRunFilterState(name=FlowRunFilterStateName(any_=list(WAITING))),
    )
    return client.read_flow_runs(flow_run_filter=waiting, limit=PAGE)


def _is_of(run: FlowRun, schedule: UUID) -> bool:
    return run.created_by is not None and run.created_by.id == schedule


def _say(name: str, schedule: UUID, runs: list[FlowRun]) -> None:
    """Say that one of these runs stands for the others."""
    since = f"{min(run.expected_start_time for run in runs if run.expected_start_time):%Y-%m-%d %H:%M} UTC"
    cancelled = counted(len(runs) - 1, f"run of {name} was", f"runs of {name} were")
    summary = f"{cancelled} cancelled; this one stands for all since {since}."
    get_run_logger().warning(summary)
    # What an automation may tell people of.
    emit_event(
        "aepipe.runs.missed",
        resource={
            "prefect.resource.id": f"aepipe.schedule.{schedule}",
            "prefect.resource.name": name,
        },
        payload={"summary": summary, "number": len(runs) - 1},
    )
