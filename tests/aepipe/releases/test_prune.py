"""Old releases go; what channels name, what is young and what is latest stays."""

import pytest
from releases import put_release

from aepipe.releases.channels import point_channel
from aepipe.releases.manifest import list_releases, manifest_sha256
from aepipe.releases.prune import plan_prune, prune
from aepipe.store import open_store

RELEASES = [f"2026010{day}T000000Z-a" for day in range(1, 7)]


@pytest.fixture
def store(store_url):
    store = open_store(store_url)
    for release in RELEASES:
        put_release(store, release, {"dense": b"model"})
    return store


def point(store, release):
    manifest = next(manifest for manifest in list_releases(store) if manifest.release == release)
    point_channel(store, "production", release, manifest_sha256(manifest), action="promoted", why="tests")


def test_the_latest_and_what_channels_name_or_would_go_back_to_stay(store):
    point(store, RELEASES[0])
    point(store, RELEASES[2])
    planned = plan_prune(store, keep=2, grace_hours=0)
    assert [pruned.release for pruned in planned] == [RELEASES[1], RELEASES[3]]
    assert [pruned.release for pruned in prune(store, planned)] == [RELEASES[1], RELEASES[3]]
    left = {info.key.split("/")[1] for info in store.list("releases/")}
    assert left == {RELEASES[0], RELEASES[2], RELEASES[4], RELEASES[5]}


def test_nothing_young_goes(store):
    assert plan_prune(store, keep=0, grace_hours=1) == []
    assert len(plan_prune(store, keep=0, grace_hours=0)) == 6


def test_what_a_killed_publisher_left_goes_and_counts_for_nothing(store):
    store.put("releases/20260301T000000Z-k/report.html", b"half")
    planned = plan_prune(store, keep=6, grace_hours=0)
    assert [(pruned.release, pruned.state, pruned.size) for pruned in planned] == [
        ("20260301T000000Z-k", "unfinished", 4)
    ]


def test_a_release_that_got_a_channel_after_the_plan_stays(store):
    planned = plan_prune(store, keep=0, grace_hours=0)
    point(store, RELEASES[3])
    assert RELEASES[3] not in [pruned.release for pruned in prune(store, planned)]
    assert [manifest.release for manifest in list_releases(store)] == [RELEASES[3]]


def test_the_manifest_goes_first(store, monkeypatch):
    monkeypatch.setattr(store, "delete_many", lambda keys: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(prune(store, plan_prune(store, keep=5, grace_hours=0)))
    assert RELEASES[0] not in [manifest.release for manifest in list_releases(store)]
    assert store.exists(f"releases/{RELEASES[0]}/report.html")


def test_runs_without_a_model_push_out_none_that_has_one(tmp_path):
    store = open_store(str(tmp_path / "store"))
    good = "20260101T000000Z-aaaaaa"
    put_release(store, good, {"dense": b"model"})
    nights = [f"202601{day:02}T000000Z-bbbbbb" for day in range(2, 5)]
    for night in nights:
        put_release(store, night, recipes={"dense": {"verdict": "failed"}})
    assert [planned.release for planned in plan_prune(store, 1, 0)] == []
    later = "20260201T000000Z-cccccc"
    put_release(store, later, {"dense": b"newer"})
    assert [planned.release for planned in plan_prune(store, 1, 0)] == [good, *nights]
