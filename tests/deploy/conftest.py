"""A Prefect server for what operators do with one."""

from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client


@pytest.fixture
def client(prefect_server) -> Iterator[SyncPrefectClient]:
    """A client of a server that has nothing on it."""
    with get_client(sync_client=True) as client:
        _empty(client)
        yield client


def _empty(client: SyncPrefectClient) -> None:
    for run in client.read_flow_runs():
        client.delete_flow_run(run.id)
    for deployment in client.read_deployments():
        client.delete_deployment(deployment.id)
    for pool in client.read_work_pools():
        client.delete_work_pool(pool.name)
    for automation in client.read_automations():
        client.delete_automation(automation.id)
