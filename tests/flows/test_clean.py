"""The deployment that bounds what grows: old runs of this project go from the server, and nobody else's."""

from datetime import UTC, datetime, timedelta

import pytest
from prefect import flow, tags
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.states import Running
from releases import put_release

from aepipe.flows.children import read_children_of
from aepipe.flows.clean import clean
from aepipe.flows.old_runs import clean_runs
from aepipe.store import open_store


@flow
def inner():
    """A training on the same machine."""


@flow
def outer():
    create_markdown_artifact("# it", key="report")
    inner()


@flow
def family():
    for _ in range(3):
        inner()


@pytest.fixture
def runs(prefect_server):
    """A run with a child, somebody else's, and one that goes on; ids by name."""
    with tags("aepipe"):
        ours = outer(return_state=True)
    others = outer(return_state=True)
    with get_client(sync_client=True) as client:
        going_on = client.create_flow_run(outer, tags=["aepipe"])
        client.set_flow_run_state(going_on.id, Running(), force=True)
        yield (
            client,
            {
                "ours": ours.state_details.flow_run_id,
                "others": others.state_details.flow_run_id,
                "going on": going_on.id,
            },
        )
        client.delete_flow_run(going_on.id)


def test_old_runs_go_with_their_children_and_artifacts(runs, tmp_path):
    client, ids = runs
    store = open_store(str(tmp_path))
    put_release(store, "20260301T000000Z-c", {"dense": b"x"})
    assert clean_runs(client, 1, delete=True).number == 0
    found = clean_runs(client, 0, delete=False)
    assert found.number >= 2
    state = clean(days=0, delete=True, store=str(tmp_path), return_state=True)
    assert state.is_completed()
    assert "runs on the Prefect server" in state.message
    there = {run.id for run in client.read_flow_runs()}
    assert ids["ours"] not in there
    assert {ids["others"], ids["going on"]} <= there
    assert ids["ours"] not in {artifact.flow_run_id for artifact in client.read_artifacts()}
    assert client.read_flow_run(ids["going on"]).start_time > datetime.now(UTC) - timedelta(hours=1)


def test_no_child_stays_behind_where_they_fill_more_than_a_page(prefect_server, monkeypatch):
    parent = family(return_state=True).state_details.flow_run_id
    with get_client(sync_client=True) as client:
        # As the runs of a deployment, whose children on the same machine have none and so not its tag.
        client.update_flow_run(parent, tags=["aepipe"])
        children = {run.id for run in read_children_of(client, parent)}
        assert len(children) == 3
        monkeypatch.setattr("aepipe.flows.children.PAGE", 2)
        clean_runs(client, 0, delete=True)
        assert not children & {run.id for run in client.read_flow_runs()}
