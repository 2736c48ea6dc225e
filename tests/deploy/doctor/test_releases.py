"""What is found of channels and of the releases that they name."""

import pytest
from releases import put_release

from aepipe.deploy.doctor.finding import Finding
from aepipe.deploy.doctor.releases import check_releases
from aepipe.releases.channels import point_channel
from aepipe.releases.manifest import manifest_sha256
from aepipe.store import open_store

RELEASE = "20260101T000000Z-a"
MODEL = f"releases/{RELEASE}/models/dense/model.keras"


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "store")
    manifest = put_release(store, RELEASE, {"dense": b"model"})
    point_channel(store, "production", RELEASE, manifest_sha256(manifest), action="promoted", why="tests")
    return store


def look(store) -> Finding:
    (finding,) = check_releases(store.url)
    return finding


def test_a_channel_whose_release_is_whole_is_ok(store):
    assert look(store) == Finding("ok", "channel production", f"{RELEASE}, 2 files, all there")


def test_a_store_without_channels_is_ok(tmp_path):
    assert look(open_store(tmp_path / "none")).state == "ok"


@pytest.mark.parametrize("data", [b"", b"{", b"null", b'{"current": 3}', b"\x00\xff"])
def test_a_damaged_channel_is_named(store, data):
    store.put("channels/production.json", data)
    finding = look(store)
    assert (finding.state, finding.subject) == ("broken", "channel production")
    assert finding.way_out


@pytest.mark.parametrize("lost", [MODEL, f"releases/{RELEASE}/report.html"])
def test_a_file_that_is_missing_is_named(store, lost):
    store.delete(lost)
    finding = look(store)
    assert (finding.state, finding.subject) == ("broken", "channel production")
    assert f"{lost} missing" in finding.finding


def test_a_file_that_is_cut_short_is_named(store):
    store.put(MODEL, b"mod")
    assert f"{MODEL} 3 bytes, not 5" in look(store).finding


def test_a_manifest_that_is_gone_or_another_is_named(store):
    store.put(f"releases/{RELEASE}/manifest.json", b"{}")
    assert "must be the one that the channel names" in look(store).finding
    store.delete(f"releases/{RELEASE}/manifest.json")
    assert look(store).state == "broken"


def test_what_is_no_channel_hides_none(store):
    for litter in ("channels/.DS_Store", "channels/production.json.bak"):
        store.put(litter, b"x")
    findings = list(check_releases(store.url))
    assert sorted(finding.state for finding in findings) == ["ok", "warning", "warning"]
    assert {finding.subject for finding in findings if finding.state == "warning"} == {
        "store: channels/.DS_Store",
        "store: channels/production.json.bak",
    }
