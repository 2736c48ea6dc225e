"""Operators' flows on a store with releases, against a real Prefect server."""

import pytest
from prefect.exceptions import ParameterTypeError
from releases import put_release

from aepipe.flows.releases import promote_release, prune_releases, rollback_channel, verify_release
from aepipe.releases.channels import read_channel
from aepipe.store import open_store

OLD, NEW, SMALL = "20260101T000000Z-a", "20260201T000000Z-b", "20260202T000000Z-c"


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "store")
    put_release(store, OLD, {"dense": b"old"})
    put_release(store, NEW, {"dense": b"new"})
    return store


def test_promote_verify_roll_back_and_prune(store):
    where = {"store": str(store.root), "return_state": True}
    promote_release(OLD, why="the first", **where)
    state = promote_release(NEW, why="sharper", **where)
    assert state.message == f"production is {NEW}, generation 2. Replaces: dense."
    assert verify_release(**where).is_completed()
    assert rollback_channel(why="blurred", **where).is_completed()
    entry = read_channel(store, "production").current
    assert (entry.release, entry.action, entry.why) == (OLD, "rolled back", "blurred")
    assert entry.by.startswith("flow run ")
    said = prune_releases(keep=0, grace_hours=0, **where).message
    assert said == "1 releases and 0 results of stages (0 bytes) would be removed"
    assert prune_releases(keep=0, grace_hours=0, delete=True, **where).message.startswith("1 releases and 0 results")
    assert [info.key.split("/")[1] for info in store.list("releases/") if info.key.endswith("manifest.json")] == [OLD]


def test_a_broken_release_fails_its_verification_with_the_number_of_problems(store):
    store.put(f"releases/{NEW}/models/dense/model.keras", b"nEw")
    state = verify_release(NEW, store=str(store.root), return_state=True)
    assert state.is_failed()
    assert state.message == f"{NEW}: 2 files, 1 problems, not signed"


def test_a_promotion_without_a_reason_is_refused_before_it_runs(store):
    state = promote_release(NEW, why="", store=str(store.root), return_state=True)
    assert state.is_failed()
    with pytest.raises(ParameterTypeError, match="why"):
        state.result()
    assert read_channel(store, "production") is None


def test_a_promotion_that_would_cost_the_channel_a_model_fails_and_says_which(store):
    where = {"why": "tests", "store": str(store.root), "return_state": True}
    put_release(store, SMALL, {"conv": b"conv"})
    promote_release(OLD, **where)
    refused = promote_release(SMALL, **where)
    assert "loses=['dense']" in refused.message
    assert promote_release(SMALL, missing="keep", **where).message.endswith("Gains: conv.")
