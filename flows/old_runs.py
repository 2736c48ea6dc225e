"""Runs on a server that ended long ago, with their logs and artifacts: a database grows with every night."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun

from aepipe.flows.children import PAGE, is_over
from aepipe.publishing.cleaning import Cleaned

# What every deployment of this project has, and so each of their runs.
TAG = "aepipe"


def clean_runs(client: SyncPrefectClient, days: float, delete: bool) -> Cleaned:
    """Remove this project's runs that ended so many days ago; the server removes their logs.

    Args:
        client: Of the server.
        days: Runs that ended later stay.
        delete: Remove them; otherwise they are only counted.
    """
    old = list(_old_runs(client, days))
    found = {run.id: run for parent in old for run in [parent, *_children(client, parent)] if is_over(run)}.values()
    for run in found if delete else ():
        artifacts = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
        for artifact in client.read_artifacts(artifact_filter=artifacts):
            client.delete_artifact(artifact.id)
        client.delete_flow_run(run.id)
    return Cleaned("runs on the Prefect server", len(found), None)


def _children(client: SyncPrefectClient, parent: FlowRun) -> list[FlowRun]:
    # Those on the same machine have no deployment, and so not its tag.
    wanted = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[parent.id]))
    return client.read_flow_runs(flow_run_filter=wanted, limit=PAGE)


def _old_runs(client: SyncPrefectClient, days: float) -> Iterator[FlowRun]:
    latest = datetime.now(UTC) - timedelta(days=days)
    wanted = FlowRunFilter(tags=FlowRunFilterTags(all_=[TAG]), end_time=FlowRunFilterEndTime(before_=latest))
    offset = 0
    while page := client.read_flow_runs(flow_run_filter=wanted, limit=PAGE, offset=offset):
        offset += len(page)
        yield from (run for run in page if is_over(run))
