"""Whoever can write a bucket can't write his readers' disks, nor their terminals."""

import hashlib
import json

import pytest
from command_line import releases_app as app
from releases import describe, put_release
from typer.testing import CliRunner

from aepipe.errors import AepipeError, CorruptObjectError, StoreError
from aepipe.io.hashing import canonical_json
from aepipe.releases.channels import point_channel
from aepipe.releases.download import download
from aepipe.releases.manifest import manifest_sha256, read_manifest, resolve_release
from aepipe.store import open_store
from aepipe.store.local_files import local_file
from aepipe.store.refs import Ref

RELEASE = "20260101T000000Z-aaaaaa"
PAYLOAD = b"of whoever can write the bucket\n"


@pytest.fixture
def tampered(s3_store_url, tmp_path, monkeypatch):
    """Return a function that publishes a release whose manifest names the same bytes once more, under another path."""
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    store = open_store(s3_store_url)

    def publish(path):
        honest = describe(RELEASE, {"metrics.csv": PAYLOAD}).model_dump(mode="json")
        honest["files"].append({**honest["files"][0], "path": path})
        data = canonical_json(honest)
        store.put(f"releases/{RELEASE}/metrics.csv", PAYLOAD)
        store.put(f"releases/{RELEASE}/manifest.json", data)
        digest = hashlib.sha256(data).hexdigest()
        point_channel(store, "production", RELEASE, digest, action="promoted", why="x", by="mallory")
        return store

    return publish


@pytest.mark.parametrize(
    "path", ["{outside}/keys.csv", "../../keys.csv", "a/../../../keys.csv", "..", "a\\..\\..\\keys.csv"]
)
def test_a_download_writes_nothing_outside_its_folder(tampered, tmp_path, path):
    store, before = tampered(path.format(outside=tmp_path / "outside")), set(tmp_path.rglob("*"))
    with pytest.raises(CorruptObjectError, match="a path is relative and normalised"):
        download(store, resolve_release(store, "production"), tmp_path / "to" / "copy")
    assert set(tmp_path.rglob("*")) == before


def test_a_manifest_that_nobody_checked_writes_nothing_outside_either(tampered, tmp_path):
    store = tampered("other.csv")
    honest = resolve_release(store, "production")
    file = honest.files[1].model_copy(update={"path": str(tmp_path / "keys.csv")})
    with pytest.raises(AepipeError):
        download(store, honest.model_copy(update={"files": [honest.files[0], file]}), tmp_path / "to" / "copy")
    assert not (tmp_path / "keys.csv").exists()


def test_a_reference_out_of_the_store_is_refused_also_where_its_bytes_are_known(tampered):
    store, digest = tampered("other.csv"), hashlib.sha256(PAYLOAD).hexdigest()
    known = Ref(uri=f"{store.url}/releases/{RELEASE}/metrics.csv", sha256=digest, size=len(PAYLOAD), kind="table")
    local_file(store, known)
    for uri in ("s3://other-bucket/metrics.csv", f"{store.url}//etc/metrics.csv"):
        with pytest.raises(StoreError, match="A key is made of"):
            local_file(store, known.model_copy(update={"uri": uri}))


def test_a_cached_file_that_was_changed_is_fetched_again(tampered, tmp_path):
    store = tampered("other.csv")
    file = resolve_release(store, "production").files[0]
    ref = Ref(uri=f"{store.url}/releases/{RELEASE}/metrics.csv", sha256=file.sha256, size=file.size, kind="table")
    local_file(store, ref).write_bytes(b"changed")
    assert local_file(store, ref).read_bytes() == PAYLOAD


def test_a_manifest_under_another_releases_id_is_refused(tmp_path):
    store = open_store(tmp_path / "store")
    put_release(store, RELEASE)
    other = "20260102T000000Z-bbbbbb"
    store.put(f"releases/{other}/manifest.json", store.get(f"releases/{RELEASE}/manifest.json"))
    with pytest.raises(CorruptObjectError, match="under the id of its release"):
        read_manifest(store, other)


def test_an_older_manifest_keeps_its_bytes_when_it_is_promoted_and_downloaded(tmp_path):
    """What was written before a field was added has other bytes than what is written now."""
    store = open_store(tmp_path / "store")
    old = put_release(store, RELEASE, {"dense": b"x"}).model_dump(mode="json")
    del old["stages"]
    store.put(f"releases/{RELEASE}/manifest.json", canonical_json(old))
    aepipe(store, "promote", RELEASE, "--why", "old but good", "--by", "ada")
    assert resolve_release(store, "production").release == RELEASE
    copy = download(store, resolve_release(store, "production"), tmp_path / "copy")
    assert json.loads((copy / "manifest.json").read_bytes()) == old


def test_texts_of_channels_and_manifests_steer_no_terminal(tmp_path):
    store = open_store(tmp_path / "store")
    manifest = put_release(store, RELEASE, {"dense": b"x"})
    facts = {"dense": {**manifest.recipes["dense"].model_dump(), "data": "\x1b[2Jx\nforged", "setting": "\x9b1A"}}
    other = "20260102T000000Z-bbbbbb"
    manifest = put_release(store, other, {"dense": b"x"}, recipes=facts, parameters={"preset": "\x1b[31mfull"})
    by = "mallory\x1b[1A\x1b[2Kalice"
    point_channel(store, "production", other, manifest_sha256(manifest), action="promoted", why="a\nb", by=by)
    for arguments in (
        ["history"],
        ["show", "production"],
        ["list"],
        ["diff", RELEASE, other],
        ["show", "production", "--json"],
        ["history", "--json"],
    ):
        shown = aepipe(store, *arguments)
        assert all(line.isprintable() for line in shown.splitlines()), arguments
        assert "\nforged" not in shown


def aepipe(store, *arguments):
    done = CliRunner().invoke(app, [*arguments, "--store", str(store.root)], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    return done.output
