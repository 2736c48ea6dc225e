"""Results in a store of each kind and in a folder: whole or not there, never overwritten, no picture twice."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pandas as pd
import pytest
from releases import put_release

from aepipe.errors import AccessDeniedError, CorruptObjectError, ParameterError
from aepipe.publishing.cleaning import CleanSettings, clean_store
from aepipe.results import (
    Use,
    find_known,
    find_own,
    known_digests,
    latest_results,
    list_results,
    list_runs,
    open_destination,
    read_results,
    read_table,
    working_folder,
    write_results,
)
from aepipe.results.manifest import latest_key, manifest_key, run_prefix
from aepipe.store import open_store

MODEL, RELEASE = "mnist-dense@digits", "20260101T020000Z-1a2b3c"
on_a_folder = pytest.mark.parametrize("store_url", ["folder"], indirect=True)


@pytest.fixture
def store(store_url, tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    return open_store(store_url)


def a_use(digests, **changes) -> Use:
    given = {
        "kind": "score",
        "model": MODEL,
        "recipe": "mnist-dense",
        "release": RELEASE,
        "model_sha256": "0" * 64,
        "settings": {},
        "source": "pictures",
        "inputs_sha256": "1" * 64,
        "num_pictures": len(digests),
        "started": "2026-02-01T02:00:00+01:00",
        "hardware": "CPU",
    }
    return Use(**{**given, **changes})


def fill(folder, digests):
    frame = pd.DataFrame({"path": [f"{digest}.png" for digest in digests], "digest": list(digests)})
    frame.to_parquet(folder / "scores.parquet")
    (folder / "figures").mkdir(exist_ok=True)
    (folder / "figures" / "0.png").write_bytes(b"figure")


def put(destination, digests, before=None, **changes):
    """Write results of these pictures; with what was known before, of the new ones among them."""
    with working_folder(destination) as folder:
        fill(folder, digests)

        def leave_out(known):
            left = [digest for digest in digests if digest not in known]
            fill(folder, left)
            return a_use(left, **changes) if len(left) < len(digests) else None

        return write_results(destination, a_use(digests, **changes), folder, before, leave_out)


def test_results_are_found_with_their_files(store):
    manifest = put(store, ["a", "b"])
    assert manifest.run.startswith("20260201T010000Z-000000-")
    assert [file.path for file in manifest.files] == ["figures/0.png", "scores.parquet"]
    assert [file.media_type for file in manifest.files] == ["image/png", "application/vnd.apache.parquet"]
    assert list_results(store) == list_results(store, MODEL, "score") == [read_results(store, MODEL, manifest.run)]
    assert list_results(store, MODEL, "encode") == list_results(store, "other") == []
    assert read_table(store, manifest)["digest"].tolist() == ["a", "b"]
    assert known_digests(store, MODEL, RELEASE, "score") == {"a", "b"}
    assert known_digests(store, MODEL, "20260102T020000Z-1a2b3c", "score") == set()


def test_the_latest_of_each_kind_are_found_and_runs_are_listed(store):
    old, new = (put(store, [name], started=f"2026-02-0{day}T02:00:00+01:00") for name, day in (("a", 1), ("b", 2)))
    codes = put(store, ["c"], kind="encode", started="2026-02-03T02:00:00+01:00")
    assert list_runs(store, MODEL) == [codes.run, new.run, old.run]
    assert [found.run for found in latest_results(store, MODEL)] == [codes.run, new.run]
    store.put(latest_key(MODEL, "encode"), b"{")
    store.delete(manifest_key(MODEL, new.run))
    assert latest_results(store, MODEL) == []


@on_a_folder
def test_results_of_one_second_have_their_order(store):
    times = [f"2026-02-01T02:00:00.{micro}+01:00" for micro in ("000002", "5", "000001", "400000")]
    runs = {started: put(store, [started], started=started).run for started in times}
    latest_first = [runs[started] for started in sorted(times, reverse=True)]
    assert list_runs(store, MODEL) == [results.run for results in list_results(store)] == latest_first


@on_a_folder
def test_a_flow_run_finds_the_results_that_it_has_completed(store):
    assert find_own(store, MODEL, "score", "a run") is None
    own = put(store, ["a"], flow_run="a run")
    put(store, ["b"], flow_run="another run")
    put(store, ["c"], flow_run="a run", kind="encode")
    assert find_own(store, MODEL, "score", "a run") == own
    assert find_own(store, MODEL, "restore", "a run") is None
    # Its writer was killed before their manifest.
    own = put(store, ["d"], flow_run="a third run")
    store.delete(manifest_key(MODEL, own.run))
    assert find_own(store, MODEL, "score", "a third run") == own


def test_results_never_overwrite_results(store):
    first, second = put(store, ["a"]), put(store, ["b"], started="2026-02-02T02:00:00+01:00")
    assert [manifest.run for manifest in list_results(store)] == [second.run, first.run]
    assert known_digests(store, MODEL, RELEASE, "score") == {"a", "b"}


def test_of_writers_at_once_none_has_what_another_has(store):
    """Each has looked before any of them has written."""
    before, barrier = find_known(store, MODEL, RELEASE, "score"), Barrier(3)

    def write(digests):
        barrier.wait()
        return put(store, digests, before)

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(write, ["abcd", "bcde", "cd"]))
    tables = [read_table(store, manifest)["digest"].tolist() for manifest in found if manifest is not None]
    assert sorted(digest for table in tables for digest in table) == list("abcde")
    assert len(list_results(store)) == len(tables)
    keys = {info.key.split("/")[2] for info in store.list(f"results/{MODEL}/")}
    assert keys == {"latest", *(manifest.run for manifest in found if manifest is not None)}


WRITER = """
import os, signal, sys
from pathlib import Path
import test_results
from aepipe.results import find_known
from aepipe.store import open_store
store = open_store(sys.argv[1])
before = find_known(store, test_results.MODEL, test_results.RELEASE, "score")
setattr(store, sys.argv[2], lambda *given: os.kill(os.getpid(), signal.SIGKILL))
test_results.put(store, ["a", "b"], before)
"""


@on_a_folder
@pytest.mark.parametrize("fatal", ["put_file", "swap", "create"])
def test_killed_at_any_moment_and_run_again_nothing_is_there_twice_or_lost(store, store_url, fatal):
    """By kill -9 before the first file, before what completes the results, and before their manifest."""
    here = Path(__file__).parent
    paths = os.pathsep.join(map(str, (here, here.parents[2], here.parents[1])))
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", WRITER, store_url, fatal], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    before = find_known(store, MODEL, RELEASE, "score")
    assert before.digests == ({"a", "b"} if fatal == "create" else set())
    left = [digest for digest in "abc" if digest not in before.digests]
    put(store, left, before)
    tables = [read_table(store, manifest)["digest"].tolist() for manifest in list_results(store)]
    assert sorted(digest for table in tables for digest in table) == list("abc")


def test_results_that_were_completed_by_their_swap_alone_are_there(store):
    """Whoever wrote them was killed before the manifest; the next writer puts it where it belongs."""
    manifest = put(store, ["a"])
    store.delete(manifest_key(MODEL, manifest.run))
    assert known_digests(store, MODEL, RELEASE, "score") == {"a"}
    put(store, ["b"])
    assert read_results(store, MODEL, manifest.run) == manifest


def test_a_folder_is_filled_whole_and_once(store, tmp_path):
    output = tmp_path / "new" / "output"
    manifest = put(open_destination(store, output), ["a"])
    assert sorted(path.name for path in output.rglob("*") if path.is_file()) == [
        "0.png",
        "manifest.json",
        "scores.parquet",
    ]
    assert manifest.run in (output / "manifest.json").read_text()
    assert list_results(store) == []
    with pytest.raises(ParameterError, match="folder of their own"):
        open_destination(store, output)
    assert [path.name for path in output.parent.iterdir()] == ["output"]


@on_a_folder
def test_what_the_disk_refuses_is_one_line(store, tmp_path):
    (tmp_path / "closed").write_text("a file")
    with pytest.raises(ParameterError):
        open_destination(store, tmp_path / "closed")
    if os.geteuid() != 0:
        (tmp_path / "shut").mkdir(0o500)
        with pytest.raises(AccessDeniedError, match="open to this user"):
            put(open_destination(store, tmp_path / "shut" / "output"), ["a"])


@on_a_folder
def test_a_file_that_no_store_can_hold_is_refused(store):
    with working_folder(store) as folder:
        (folder / "a\nb").write_bytes(b"")
        with pytest.raises(ParameterError, match="names that every store can hold"):
            write_results(store, a_use("a"), folder)


@on_a_folder
def test_a_table_with_other_bytes_is_no_silence(store):
    manifest = put(store, ["a"])
    store.put(f"{run_prefix(MODEL, manifest.run)}scores.parquet", b"other")
    with pytest.raises(CorruptObjectError):
        known_digests(store, MODEL, RELEASE, "score")


@on_a_folder
def test_a_manifest_that_cannot_be_read_is_named(store, caplog):
    first, second = put(store, ["a"]), put(store, ["b"])
    store.put(manifest_key(MODEL, first.run), b"{}")
    assert list_results(store) == [second]
    assert first.run in caplog.text
    store.put(latest_key(MODEL, "score"), b"{")
    with pytest.raises(CorruptObjectError):
        put(store, ["c"])


def clean(store, keep, days=0):
    with_what = clean_store(store, CleanSettings(keep=keep, grace_hours=0, days=days), delete=True)
    return {cleaned.kind: cleaned.number for cleaned in with_what if cleaned.number}


def test_old_results_go_and_their_pictures_stay_known(store):
    put_release(store, RELEASE, {"dense": b"model"})
    runs = [put(store, [digest], started=f"2026-02-0{day}T00:00:00+00:00").run for day, digest in enumerate("abc", 1)]
    other = put(store, ["x"], kind="score", model="other").run
    store.put(f"{run_prefix(MODEL, '20260101T000000Z-a')}scores.parquet", b"left by a killed run")
    assert clean(store, keep=1, days=1) == {"results of models in use": 1}
    assert clean(store, keep=1) == {"results of models in use": 2}
    assert {manifest.run for manifest in list_results(store)} == {runs[2], other}
    assert known_digests(store, MODEL, RELEASE, "score") == set("abc")
    assert clean(store, keep=1) == {}
    # With the release what it has seen is forgotten, too.
    assert clean(store, keep=0) == {"releases": 1, "digests of such results": 1}
