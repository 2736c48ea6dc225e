"""What only a folder can do wrong."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aepipe.errors import ObjectNotFoundError, StoreError
from aepipe.store import open_store
from aepipe.store.folder import WORK_FOLDER, FolderStore


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_a_folder_has_several_names(tmp_path, form):
    open_store(form.format(tmp_path / "a b".replace(" ", "_"))).put("key", b"x")
    assert (tmp_path / "a_b" / "key").read_bytes() == b"x"


@pytest.mark.parametrize("url", ["", "http://host/x", "s3://", "s3:///prefix", "file://host/x", "gs://bucket"])
def test_other_urls_are_refused_with_the_legal_forms(url):
    with pytest.raises(StoreError, match=r"file:///path or s3://bucket/prefix\. Received: store="):
        open_store(url)


def test_a_key_is_never_the_parent_of_another(tmp_path):
    store = FolderStore(tmp_path)
    store.put("a", b"x")
    with pytest.raises(StoreError, match="parent of another"):
        store.put("a/b", b"x")
    store.put("c/d", b"x")
    with pytest.raises(StoreError, match="parent of another"):
        store.put("c", b"x")


def test_a_delete_leaves_no_empty_folders(tmp_path):
    store = FolderStore(tmp_path)
    store.put("a/b/c", b"x")
    store.put("a/d", b"x")
    store.delete("a/b/c")
    assert sorted(os.listdir(tmp_path / "a")) == ["d"]
    store.delete("a/d")
    store.put("a", b"x")
    assert store.get("a") == b"x"


def test_what_is_being_written_is_never_listed(tmp_path):
    store = FolderStore(tmp_path)
    store.put("key", b"x")
    (tmp_path / WORK_FOLDER / "unfinished.part").write_bytes(b"half")
    assert [info.key for info in store.list("")] == ["key"]
    with pytest.raises(StoreError, match="the store's own"):
        store.put(f"{WORK_FOLDER}/key", b"x")


def test_nothing_is_left_over_after_writing(tmp_path):
    store = FolderStore(tmp_path)
    store.put("a", b"x")
    store.create("b", b"x")
    store.swap("c", b"x", None)
    assert os.listdir(tmp_path / WORK_FOLDER) == ["swap.lock"]


def test_what_a_killed_process_left_is_swept_after_a_day(tmp_path):
    store = FolderStore(tmp_path)
    store.put("a", b"x")
    old, new = tmp_path / WORK_FOLDER / "old.part", tmp_path / WORK_FOLDER / "new.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * 86400,) * 2)
    FolderStore(tmp_path).put("b", b"x")
    assert (old.exists(), new.exists()) == (False, True)


def test_a_kill_in_the_middle_of_a_write_leaves_the_old_object(tmp_path):
    """The writer's source is a pipe that never ends, so it is surely in the middle."""
    store = FolderStore(tmp_path / "store")
    store.put("key", b"old")
    os.mkfifo(tmp_path / "pipe")
    program = "import sys; from aepipe.store import open_store; open_store(sys.argv[1]).put_file('key', sys.argv[2])"
    process = subprocess.Popen(
        [sys.executable, "-c", program, store.url, tmp_path / "pipe"], cwd=Path(__file__).parents[3]
    )
    # More than a pipe holds: once it is written, the writer has read some of it.
    with (tmp_path / "pipe").open("wb") as pipe:
        pipe.write(b"new" * 100_000)
        pipe.flush()
        assert list((tmp_path / "store" / WORK_FOLDER).glob("*.part"))
        process.kill()
        process.wait()
    assert store.get("key") == b"old"
    assert [info.key for info in store.list("")] == ["key"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_not_be_written_says_so(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="open to this user"):
        FolderStore(tmp_path / "store").put("key", b"x")


def test_files_are_as_readable_as_the_users_others(tmp_path):
    FolderStore(tmp_path).put("key", b"x")
    (tmp_path / "other").touch()
    assert (tmp_path / "key").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_what_is_no_regular_file_is_no_object(tmp_path):
    store = FolderStore(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nowhere").symlink_to("missing")
    (tmp_path / "linked").symlink_to(Path(__file__))
    assert [info.key for info in store.list("")] == ["linked"]
    for key in ("pipe", "zero", "nowhere"):
        assert store.get_versioned(key) is None
        with pytest.raises(ObjectNotFoundError):
            store.get_file(key, tmp_path / "copy")


def test_ages_are_by_the_disks_clock_however_wrong_this_machines_is(tmp_path, monkeypatch):
    store = FolderStore(tmp_path / "store")
    store.put("a", b"x")
    unfinished = tmp_path / "store" / WORK_FOLDER / "other.part"
    unfinished.write_bytes(b"another machine is writing this")
    day_ahead = time.time() + 25 * 3600
    monkeypatch.setattr("time.time", lambda: day_ahead)
    ahead = FolderStore(tmp_path / "store")
    ahead.put("b", b"x")
    assert ahead.abort_stale_uploads(24 * 3600) == 0
    assert unfinished.exists()
    assert abs(ahead.clock() - unfinished.stat().st_mtime) < 60


def test_where_nothing_may_be_written_the_clock_is_the_machines(tmp_path):
    assert abs(FolderStore(tmp_path / "missing").clock() - time.time()) < 60
    assert not (tmp_path / "missing").exists()


def test_a_home_that_nobody_has_is_said_in_one_line():
    with pytest.raises(StoreError, match="Name it in full"):
        open_store("~nosuchuser/store")


@pytest.mark.parametrize(
    "url",
    ["s3://AKIA:abc/def@bucket/p", "s3://AKIA:SECRET@bucket", "https://u:a@b/SECRET@host/x", "gs://u:x\nSECRET@bucket"],
)
def test_no_secret_of_an_address_is_printed(url):
    with pytest.raises(StoreError, match=r"store='\w+://\.\.\.@") as refused:
        open_store(url)
    assert not any(secret in str(refused.value) for secret in ("abc", "def@", "SECRET"))
