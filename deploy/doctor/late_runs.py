"""Checks of runs: late ones, and slots of limits that no run holds."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse

from aepipe.deploy.doctor.finding import Finding
from aepipe.deploy.runs import LIVE

PAGE = 200


def check_runs(client: SyncPrefectClient, deployments: Mapping[str, DeploymentResponse]) -> Iterator[Finding]:
    """Look for late runs, and for slots that nothing holds.

    Args:
        client: Of the server.
        deployments: Those on the server, by full name.
    """
    if deployments:
        yield _check_late(client, deployments)
    for name, deployment in deployments.items():
        limit = deployment.global_concurrency_limit
        if limit is not None and limit.active_slots:
            state = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(LIVE)))
            num_live = len(_read_runs(client, [deployment], state))
            if limit.active_slots > num_live:
                text = f"{limit.active_slots} of {limit.limit} slots taken, {num_live} runs going on"
                way_out = (
                    f"A dead run's slot is free after 5 minutes; else: prefect gcl update {limit.name} --active-slots"
                )
                yield Finding("warning", f"limit of {name}", text, f"{way_out} {num_live}")


def _check_late(client: SyncPrefectClient, deployments: Mapping[str, DeploymentResponse]) -> Finding:
    late = _read_runs(client, deployments.values(), FlowRunFilterState(name=FlowRunFilterStateName(any_=["Late"])))
    if not late:
        return Finding("ok", "late runs", "none")
    since = min(run.expected_start_time for run in late if run.expected_start_time)
    minutes = (datetime.now(UTC) - since).total_seconds() / 60
    names = {deployment.id: name for name, deployment in deployments.items()}
    whose = ", ".join(sorted({names[run.deployment_id] for run in late if run.deployment_id}))
    count = f"{PAGE} or more" if len(late) == PAGE else len(late)
    way_out = "Start workers for their pool, or wait until those that are busy are free; see the UI under Runs, Late."
    return Finding("warning", "late runs", f"{count} of {whose}, the oldest for {minutes:.0f} minutes", way_out)


def _read_runs(
    client: SyncPrefectClient, deployments: Iterable[DeploymentResponse], state: FlowRunFilterState
) -> list[FlowRun]:
    ids = FlowRunFilterDeploymentId(any_=[deployment.id for deployment in deployments])
    return client.read_flow_runs(flow_run_filter=FlowRunFilter(deployment_id=ids, state=state), limit=PAGE)
