"""A Prefect server for what operators do with one."""

from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse

from aepipe.deploy.apply.change import mend_all
from aepipe.deploy.apply.deployments import plan_deployments
from aepipe.deploy.apply.specification import FILE, load_deployments
from aepipe.deploy.apply.work_pools import plan_pools


@pytest.fixture(autouse=True)
def no_other_server(monkeypatch, tmp_path):
    """Whoever runs the tests may have a server of their own on this machine."""
    monkeypatch.setattr("aepipe.deploy.up.credentials.environments", dict)
    monkeypatch.setattr("aepipe.deploy.up.credentials.DEFAULT_STATE", tmp_path / "no-state")


@pytest.fixture
def client(prefect_server) -> Iterator[SyncPrefectClient]:
    """A client of a server that has nothing on it."""
    with get_client(sync_client=True) as client:
        _empty(client)
        yield client


@pytest.fixture
def train_deployment(client) -> DeploymentResponse:
    """The deployment train/gpu and its pools, and nothing else."""
    specs = [spec for spec in load_deployments(FILE, "./store", "process") if spec.full_name == "train/gpu"]
    assert list(mend_all(plan_pools(client, "process", specs)))
    assert list(mend_all(plan_deployments(client, specs)))
    return client.read_deployment_by_name("train/gpu")


def _empty(client: SyncPrefectClient) -> None:
    for run in client.read_flow_runs():
        client.delete_flow_run(run.id)
    for deployment in client.read_deployments():
        client.delete_deployment(deployment.id)
    for pool in client.read_work_pools():
        client.delete_work_pool(pool.name)
    for automation in client.read_automations():
        client.delete_automation(automation.id)
