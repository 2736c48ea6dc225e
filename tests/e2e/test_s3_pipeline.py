"""The whole job against a real S3 server: what it publishes, and that no secret is in anything that it leaves."""

import os

import pytest
from prefect.client.orchestration import get_client

from aepipe.flows.pipeline import pipeline
from aepipe.gate.settings import PublishSettings
from aepipe.noise import NoiseParameters
from aepipe.recipes.plan import Overrides
from aepipe.releases.manifest import list_releases
from aepipe.releases.verify import find_problems
from aepipe.store import open_store

pytestmark = pytest.mark.usefixtures("prefect_server")


def run(store):
    state = pipeline(
        recipes=["mnist-dense"],
        data_set="digits",
        overrides=Overrides(epochs=40, learning_rate=0.01),
        noise=NoiseParameters(kinds=("gaussian",), levels=(0.2,), max_images=50),
        exports=[],
        store=store,
        publishing=PublishSettings(demand_baselines=False),
        return_state=True,
    )
    return state, state.result(raise_on_failure=False)


def test_the_pipeline_publishes_to_a_real_s3_server_and_leaves_no_secret(s3_store_url, monkeypatch, caplog):
    """In parameters, artifacts, logs, messages or any object of the store; nor when it is refused."""
    monkeypatch.setenv("AEPIPE_MIRROR", "http://planted-user:planted-password@127.0.0.1:1/mirror")
    state, result = run(s3_store_url)
    assert state.is_completed(), state.message
    store = open_store(s3_store_url)
    manifest = list_releases(store)[0]
    assert manifest.release == result.release
    assert manifest.store["compares_and_swaps"] == "quoted"
    assert find_problems(store, manifest, full=True) == []
    again, _ = run(s3_store_url)
    assert again.message.startswith(f"nothing changed since {result.release}.")

    secrets = [os.environ["AWS_SECRET_ACCESS_KEY"], "planted-password", "planted-secret"]
    left = {info.key: store.get(info.key) for info in store.list("")}
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    refused, error = run(s3_store_url)
    assert refused.is_failed()
    assert "refuses these credentials" in str(error)
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs() + client.read_task_runs() + client.read_artifacts()
    assert "mnist-dense" in repr(runs)
    left |= {"runs": repr(runs).encode(), "logs": caplog.text.encode(), "messages": f"{state} {error!r}".encode()}
    assert len(left) > 30
    assert [key for key, data in left.items() if any(secret.encode() in data for secret in secrets)] == []
