"""Releases in both kinds of store."""

import json

import pytest
from releases import put_release

from aepipe.errors import CorruptObjectError, ObjectNotFoundError
from aepipe.releases.channels import point_channel
from aepipe.releases.manifest import list_releases, manifest_bytes, manifest_sha256, read_manifest, resolve_release
from aepipe.store import open_store


@pytest.fixture
def store(store_url):
    return open_store(store_url)


def test_releases_are_listed_the_latest_first_and_only_complete_ones(store):
    for release in ("20260101T000000Z-a", "20260301T000000Z-c", "20260201T000000Z-b"):
        put_release(store, release)
    store.put("releases/20260401T000000Z-d/report.html", b"still uploading")
    store.put("releases/20260101T000000Z-a/models/x/manifest.json", b"not a release's")
    assert [manifest.release[-1] for manifest in list_releases(store)] == ["c", "b", "a"]
    with pytest.raises(ObjectNotFoundError, match=r"aepipe releases list --store .*"):
        read_manifest(store, "20260401T000000Z-d")


def test_a_release_is_found_by_its_id_and_by_its_channel(store):
    manifest = put_release(store, "20260101T000000Z-a")
    digest = manifest_sha256(manifest)
    point_channel(store, "candidate", manifest.release, digest, action="published", why="tests")
    assert resolve_release(store, "candidate") == resolve_release(store, "20260101T000000Z-a") == manifest


def test_a_manifest_that_is_not_the_channels_is_refused(store):
    manifest = put_release(store, "20260101T000000Z-a")
    point_channel(store, "candidate", manifest.release, "0" * 64, action="published", why="tests")
    with pytest.raises(CorruptObjectError, match="the one that the channel names"):
        resolve_release(store, "candidate")


@pytest.mark.parametrize("name", ["patch_pca_mse_per_pixel", "dct_mse_per_pixel", "images_sha256", "test_rows_sha256"])
@pytest.mark.parametrize("value", [["x"], {"a": 1}, -1.0])
def test_what_the_pages_compare_by_is_checked_when_a_manifest_is_read(tmp_path, name, value):
    store = open_store(str(tmp_path / "store"))
    release = "20260101T000000Z-aaaaaa"
    manifest = put_release(store, release, {"dense": b"model"})
    stored = json.loads(manifest_bytes(manifest))
    stored["recipes"]["dense"][name] = value
    store.put(f"releases/{release}/manifest.json", json.dumps(stored).encode())
    with pytest.raises(CorruptObjectError, match=name):
        read_manifest(store, release)


def test_a_text_that_reads_like_a_number_is_none(tmp_path):
    store = open_store(str(tmp_path / "store"))
    stored = json.loads(manifest_bytes(put_release(store, "20260101T000000Z-aaaaaa", {"dense": b"model"})))
    stored["recipes"]["dense"]["pca_mse_per_pixel"] = "NaN"
    store.put("releases/20260101T000000Z-aaaaaa/manifest.json", json.dumps(stored).encode())
    with pytest.raises(CorruptObjectError, match="pca_mse_per_pixel"):
        read_manifest(store, "20260101T000000Z-aaaaaa")
