"""What a run publishes: its own release each time it came to something else, and nothing for what is there already."""

import json
from datetime import UTC, datetime

import pytest
from releases import put_release
from results import done, result

from aepipe.publishing.publish import publish_release
from aepipe.publishing.published import Published, Run
from aepipe.releases.channels import CANDIDATE, point_channel, read_channel
from aepipe.releases.manifest import list_releases, manifest_sha256
from aepipe.stages.outcome import Done, Failed, Outcome
from aepipe.stages.results import DataResult, EvaluationResult, TrainedResult
from aepipe.store import open_store

STARTED = datetime(2026, 1, 1, 2, tzinfo=UTC)
OLD = "20251201T000000Z-a"


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


def failed(error: str) -> Failed:
    return Failed(recipe="mnist-dense", setting="tuned", error=error)


def collapsed(code_size: int = 98) -> Done:
    """A training that ended with a code that says nothing: held, and not in the release."""
    metrics = {"mse_per_pixel": 0.07, "pca_mse_per_pixel": 0.07, "code_size": code_size, "collapsed": True}
    return done(
        "mnist-dense",
        data=result(DataResult, images_sha256="0" * 64),
        trained=result(TrainedResult, str(code_size)),
        evaluated=result(EvaluationResult, str(code_size), **metrics),
    )


def publish(store, outcome: Outcome, flow_run: str = "a") -> Published:
    run = Run(flow_run=flow_run, started=STARTED, parameters={"preset": "full", "recipes": ["mnist-dense"]})
    return publish_release(store, [outcome], run)


def reasons(store, release: str) -> list[str]:
    return [entry["reason"] for entry in json.loads(store.get(f"releases/{release}/decision.json"))["verdicts"]]


def test_a_run_that_is_tried_again_writes_what_it_came_to_then(store):
    first, again = publish(store, failed("no network")), publish(store, failed("no room"))
    assert first.release != again.release
    assert reasons(store, first.release) == ["no network"]
    assert reasons(store, again.release) == ["no room"]
    assert not again.was_published_before
    assert publish(store, failed("no room")).release == again.release


def test_a_run_without_a_model_keeps_its_decision_and_no_channel_names_it(store):
    old = put_release(store, OLD, {"mnist-dense": b"old"})
    point_channel(store, CANDIDATE, OLD, manifest_sha256(old), action="published", why="tests", by="tests")
    for outcome in (failed("no network"), collapsed()):
        published = publish(store, outcome)
        assert read_channel(store, CANDIDATE).release == OLD
        assert f"It has no model: candidate is {OLD}, as before." in published.summary
        assert len(reasons(store, published.release)) == 1
        assert store.exists(f"releases/{published.release}/report.html")


def test_what_any_kept_release_is_already_is_not_written_again(store):
    first, other = publish(store, collapsed(98), "a"), publish(store, collapsed(64), "b")
    again = publish(store, collapsed(98), "c"), publish(store, collapsed(64), "d")
    assert [published.release for published in again] == [first.release, other.release]
    assert all(published.was_published_before for published in again)
    assert len(list_releases(store)) == 2


def test_a_recipe_that_is_held_again_for_the_same_work_is_told_once(store):
    first = publish(store, collapsed(), "a")
    assert first.newly_held == ("mnist-dense",)
    assert "Held: mnist-dense (Broken rules: " in first.summary
    # The answer to its last write was lost, and the task runs again: nobody was told.
    assert publish(store, collapsed(), "a").newly_held == ("mnist-dense",)
    again = publish(store, collapsed(), "b")
    assert again.newly_held == ()
    assert "Held as before: mnist-dense." in again.summary
    assert publish(store, collapsed(64), "c").newly_held == ("mnist-dense",)


def test_a_night_in_which_nothing_changed_writes_nothing_and_moves_nothing(store):
    first = publish(store, collapsed(), "a")
    before = {info.key: info.modified for info in store.list("")}
    again = publish(store, collapsed(), "b")
    assert again.is_unchanged
    assert again.summary.startswith(f"nothing changed since {first.release}.")
    assert "Held as before: mnist-dense." in again.summary
    assert {info.key: info.modified for info in store.list("")} == before


def test_what_was_held_is_judged_again_where_the_channel_moved_since(store):
    publish(store, collapsed(), "a")
    new = put_release(store, "20991231T000000Z-new", {"mnist-variational": b"new"})
    point_channel(store, "production", new.release, manifest_sha256(new), action="promoted", why="tests", by="tests")
    assert not publish(store, collapsed(), "b").is_unchanged


def test_what_changed_since_the_release_before_is_said(store):
    publish(store, failed("no network"), "a")
    run = Run(flow_run="b", started=STARTED, parameters={"preset": "quick", "recipes": ["mnist-dense"]})
    published = publish_release(store, [failed("no network")], run)
    assert published.changes == ("parameters preset",)
    assert "Changed: parameters preset." in published.summary
