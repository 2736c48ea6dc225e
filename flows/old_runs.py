"""Runs on a server that ended long ago, with their logs and artifacts: a database grows with every night."""

from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun

from aepipe.flows.children import is_over, read_children_of, read_runs
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
    # Children on the same machine have no deployment, and so not its tag.
    families = ([parent, *read_children_of(client, parent.id)] for parent in _old_runs(client, days))
    found = {run.id: run for family in families for run in family if is_over(run)}.values()
    for run in found if delete else ():
        artifacts = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
        for artifact in client.read_artifacts(artifact_filter=artifacts):
            client.delete_artifact(artifact.id)
        client.delete_flow_run(run.id)
    return Cleaned("runs on the Prefect server", len(found), None)


def _old_runs(client: SyncPrefectClient, days: float) -> list[FlowRun]:
    latest = datetime.now(UTC) - timedelta(days=days)
    wanted = FlowRunFilter(tags=FlowRunFilterTags(all_=[TAG]), end_time=FlowRunFilterEndTime(before_=latest))
    return [run for run in read_runs(client, wanted) if is_over(run)]
