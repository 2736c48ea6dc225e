"""Releases and channels in both kinds of store."""

import threading

import pytest

from aepipe.errors import ObjectNotFoundError
from aepipe.publishing.manifest import (
    Manifest,
    git_commit,
    list_releases,
    point_channel,
    read_channel,
    read_manifest,
    resolve_release,
)
from aepipe.store import open_store
from aepipe.store.fingerprint import canonical_json


@pytest.fixture
def store(store_url):
    return open_store(store_url)


def put_release(store, release: str) -> None:
    manifest = Manifest(
        release=release,
        created="2026-01-01T00:00:00+00:00",
        content="0" * 64,
        flow_run="run",
        parameters={},
        git_commit=None,
        packages={},
        hardware=[],
        seconds=1,
        recipes={},
        lineage={},
        files=[],
    )
    store.create(f"releases/{release}/manifest.json", canonical_json(manifest.model_dump(mode="json")))


def test_releases_are_listed_the_latest_first_and_only_complete_ones(store):
    for release in ("20260101T000000Z-a", "20260301T000000Z-c", "20260201T000000Z-b"):
        put_release(store, release)
    store.put("releases/20260401T000000Z-d/report.html", b"still uploading")
    store.put("releases/20260101T000000Z-a/models/x/manifest.json", b"not a release's")
    assert [manifest.release[-1] for manifest in list_releases(store)] == ["c", "b", "a"]
    with pytest.raises(ObjectNotFoundError, match=r"aepipe releases list --store .*"):
        read_manifest(store, "20260401T000000Z-d")


def test_a_channel_remembers_what_it_named(store):
    assert read_channel(store, "candidate") is None
    for number, release in enumerate(("a", "b", "c", "c"), 1):
        assert point_channel(store, "candidate", release).generation == min(number, 3)
    channel = read_channel(store, "candidate")
    assert (channel.release, channel.history) == ("c", ["b", "a"])


def test_a_release_is_found_by_its_id_and_by_its_channel(store):
    put_release(store, "20260101T000000Z-a")
    point_channel(store, "candidate", "20260101T000000Z-a")
    assert resolve_release(store, "candidate") == resolve_release(store, "20260101T000000Z-a")


def test_concurrent_publishers_are_all_in_the_channels_history(store):
    threads = [threading.Thread(target=point_channel, args=(store, "candidate", f"r{number}")) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    channel = read_channel(store, "candidate")
    assert channel.generation == 4
    assert sorted([channel.release, *channel.history]) == ["r0", "r1", "r2", "r3"]


def test_the_commit_can_be_told_where_there_is_no_checkout(monkeypatch):
    monkeypatch.setenv("AEPIPE_GIT_COMMIT", "abc")
    assert git_commit() == "abc"
