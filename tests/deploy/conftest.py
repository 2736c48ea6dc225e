"""A real Prefect server for what operators do with one, started once."""

from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_LOGGING_TO_API_ENABLED, PREFECT_SERVER_ANALYTICS_ENABLED, temporary_settings
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory) -> Iterator[None]:
    settings = {PREFECT_LOGGING_TO_API_ENABLED: False, PREFECT_SERVER_ANALYTICS_ENABLED: False}
    with temporary_settings(settings), prefect_test_harness(server_startup_timeout=120):
        yield


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
