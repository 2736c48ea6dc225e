import gzip
import hashlib
import logging
import subprocess
import sys
import threading

import numpy as np
import pytest

from aepipe.datasets.cache import check_files, data_set_folder, fetch_arrays
from aepipe.errors import DataError
from aepipe.io.folders import default_cache_folder

TRAIN = "/published/train_images.gz"


@pytest.fixture
def fetch(tmp_path, patience):
    return lambda spec: fetch_arrays(spec, tmp_path / "cache", False, patience)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache/datasets/tiny"


def names_in(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_default_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("AEPIPE_CACHE", "/here")
    assert str(default_cache_folder()) == "/here"
    monkeypatch.delenv("AEPIPE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/there")
    assert str(default_cache_folder()) == "/there/aepipe"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache_folder() == tmp_path / ".cache/aepipe"


def test_fetches_once(fetch, tiny_spec, publish, server, idx_arrays, folder, idx_files):
    publish()
    for _ in range(2):
        arrays = fetch(tiny_spec())
        assert all(np.array_equal(arrays[name], array) for name, array in idx_arrays.items())
    assert len(server.requests) == 4
    assert names_in(folder) == sorted(idx_files)


def test_mirror_goes_first_and_may_pack_differently(
    fetch, tiny_spec, publish, monkeypatch, tmp_path, idx_arrays, server, pack_idx
):
    publish()
    mirror = tmp_path / "mirror/tiny"
    mirror.mkdir(parents=True)
    for name, array in idx_arrays.items():
        (mirror / f"{name}.gz").write_bytes(pack_idx(array, level=0))
    monkeypatch.setenv("AEPIPE_MIRROR", str(mirror.parent))
    assert np.array_equal(fetch(tiny_spec())["test_images"], idx_arrays["test_images"])
    assert server.requests == []


def test_publisher_must_have_the_published_file(fetch, tiny_spec, publish, server, idx_arrays, pack_idx):
    publish()
    server.files[TRAIN] = pack_idx(idx_arrays["train_images"], level=0)
    with pytest.raises(DataError, match="published file has sha256"):
        fetch(tiny_spec())


def wrong_values(array, pack):
    return pack(array ^ 1)


def wrong_shape(array, pack):
    return pack(array[:, :, :3])


def wrong_type(array, pack):
    data = bytearray(gzip.decompress(pack(array)))
    data[2] = 0x0D
    return gzip.compress(data)


def too_long(array, pack):
    return gzip.compress(gzip.decompress(pack(array)) + b"more")


def cut_off(array, pack):
    return pack(array)[:-20]


def no_gzip(array, pack):
    return b"<html>Please log in</html>"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (wrong_values, "values of train_images must have sha256"),
        (wrong_shape, "idx header must announce"),
        (wrong_type, "idx header must announce"),
        (too_long, "at most 136 bytes"),
        (cut_off, "damaged or cut off"),
        (no_gzip, "damaged or cut off"),
    ],
)
def test_broken_mirror_is_told_and_passed_over(
    fetch, tiny_spec, publish, monkeypatch, server, idx_arrays, idx_files, folder, caplog, pack_idx, spoil, reason
):
    publish()
    publish("/mirror/tiny")
    server.files["/mirror/tiny/train_images.gz"] = spoil(idx_arrays["train_images"], pack_idx)
    monkeypatch.setenv("AEPIPE_MIRROR", f"{server.url}/mirror")
    with caplog.at_level(logging.WARNING):
        arrays = fetch(tiny_spec())
    assert np.array_equal(arrays["train_images"], idx_arrays["train_images"])
    (record,) = caplog.records
    assert reason in record.message
    assert "\n" not in record.message
    assert server.ranges_of(TRAIN) == [None]
    assert names_in(folder) == sorted(idx_files)


def test_label_out_of_range(fetch, tiny_spec, publish, monkeypatch, server, idx_arrays, pack_idx):
    publish("/mirror/tiny")
    server.files["/mirror/tiny/train_labels.gz"] = pack_idx(idx_arrays["train_labels"] + 3)
    monkeypatch.setenv("AEPIPE_MIRROR", f"{server.url}/mirror")
    with pytest.raises(DataError, match="train_labels must lie from 0 to 2"):
        fetch(tiny_spec(base_urls=()))


def test_all_sources_failed(fetch, tiny_spec, publish, server, monkeypatch, folder):
    publish()
    server.files[TRAIN] = b"wrong"
    server.plans["/second/train_images.gz"] = [503] * 3
    server.files["/second/train_images.gz"] = b""
    monkeypatch.setenv("AEPIPE_MIRROR", f"{server.url}/mirror")
    with pytest.raises(DataError) as caught:
        fetch(tiny_spec(base_urls=(f"{server.url}/published/", f"{server.url}/second/")))
    message = str(caught.value)
    for part in (
        f"{server.url}/mirror/tiny/train_images.gz: HTTP 404.",
        f"{server.url}{TRAIN}: The published file has sha256",
        f"{server.url}/second/train_images.gz: Out of reach after 3 attempts: HTTP 503.",
        "Set AEPIPE_MIRROR to a folder, http(s):// or s3:// URL that holds tiny/train_images.gz.",
    ):
        assert part in message
    assert "\n" not in message
    assert names_in(folder) == []


def test_no_source_at_all(fetch, tiny_spec):
    with pytest.raises(DataError, match=r"no public address\. Set AEPIPE_MIRROR"):
        fetch(tiny_spec(base_urls=()))


def test_broken_file_in_the_cache_is_replaced(fetch, tiny_spec, publish, folder, idx_files, caplog, server):
    publish()
    fetch(tiny_spec())
    path = folder / "train_images.gz"
    path.write_bytes(path.read_bytes()[:-30])
    with caplog.at_level(logging.WARNING):
        fetch(tiny_spec())
    assert path.read_bytes() == idx_files["train_images.gz"]
    assert "is removed and fetched again" in caplog.text
    assert len(server.requests) == 5


def test_broken_file_is_removed_even_if_nothing_replaces_it(fetch, tiny_spec, folder):
    folder.mkdir(parents=True)
    (folder / "train_images.gz").write_bytes(b"broken")
    with pytest.raises(DataError):
        fetch(tiny_spec(base_urls=()))
    assert names_in(folder) == []


def part_of(folder, url):
    return folder / f"train_images.gz.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part"


def test_part_of_a_killed_process_is_continued(fetch, tiny_spec, publish, folder, idx_files, server):
    publish()
    folder.mkdir(parents=True)
    part_of(folder, server.url + TRAIN).write_bytes(idx_files["train_images.gz"][:50])
    part_of(folder, "http://elsewhere.example/").write_bytes(b"leftover")
    fetch(tiny_spec())
    assert server.ranges_of(TRAIN) == ["bytes=50-"]
    assert names_in(folder) == sorted(idx_files)


def test_wrong_part_restarts_from_zero_once(fetch, tiny_spec, publish, folder, idx_files, server):
    publish()
    folder.mkdir(parents=True)
    part_of(folder, server.url + TRAIN).write_bytes(b"x" * 50)
    fetch(tiny_spec())
    assert server.ranges_of(TRAIN) == ["bytes=50-", None]
    server.files[TRAIN] = b"wrong" * 30
    (folder / "train_images.gz").unlink()
    part_of(folder, server.url + TRAIN).write_bytes(b"x" * 50)
    with pytest.raises(DataError, match="published file"):
        fetch(tiny_spec())
    assert server.ranges_of(TRAIN)[2:] == ["bytes=50-", None]
    assert not part_of(folder, server.url + TRAIN).exists()


def test_cache_that_is_no_folder(tiny_spec, publish, tmp_path, patience):
    publish()
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match="Set AEPIPE_CACHE to another one"):
        fetch_arrays(tiny_spec(), tmp_path / "cache", False, patience)


FETCHER = """
import sys
from pathlib import Path
import filelock, httpx, rich.console, tenacity.wait
from aepipe.datasets.cache import fetch_arrays
from aepipe.datasets.idx_sets import idx_data_set, idx_file
from aepipe.datasets.spec import ExpectedArray, DataSetSpec, DataSetSummary

url, cache, digest, size = sys.argv[1:]
expected = ExpectedArray((6, 5, 4), digest)
file = idx_file("train_images", "train_images.gz", int(size), None, expected, [url + "/published/"])
spec = DataSetSpec(DataSetSummary("tiny", 6, (5, 4, 1), 3, "none", "", 0), None, (file,))
httpx.get(url + "/started")
print(fetch_arrays(spec, Path(cache), False)["train_images"].sum())
"""


def test_two_processes_download_once(tiny_spec, publish, server, idx_arrays, idx_files, tmp_path):
    publish()
    server.plans[TRAIN] = ["wait"]
    digest = tiny_spec().files[0].arrays["train_images"].sha256
    size = str(len(idx_files["train_images.gz"]))
    command = [sys.executable, "-c", FETCHER, server.url, str(tmp_path / "cache"), digest, size]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    # The first download is held until both processes are on their way.
    while len(server.ranges_of("/started")) < 2:
        assert all(process.poll() is None for process in processes)
        threading.Event().wait(0.02)
    # Long enough for the second to ask too, if nothing held it.
    threading.Event().wait(0.5)
    server.release.set()
    outputs = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert outputs == [str(idx_arrays["train_images"].sum())] * 2
    assert server.ranges_of(TRAIN) == [None]


def test_check_tells_each_file(fetch, tiny_spec, publish, folder, tmp_path, idx_files):
    publish()
    spec = tiny_spec()
    assert {check.status for check in check_files(spec, tmp_path / "cache")} == {"missing"}
    fetch(spec)
    (folder / "train_labels.gz").unlink()
    (folder / "test_images.gz").write_bytes(b"broken")
    checks = {check.path.name: check for check in check_files(spec, tmp_path / "cache")}
    assert [check.status for check in checks.values()] == ["ok", "missing", "broken", "ok"]
    assert checks["train_images.gz"].sha256 == hashlib.sha256(idx_files["train_images.gz"]).hexdigest()
    assert checks["train_images.gz"].size_bytes == len(idx_files["train_images.gz"])
    assert "gzip file is damaged" in checks["test_images.gz"].reason
    assert [check.is_valid for check in checks.values()] == [True, False, False, True]
    assert (folder / "test_images.gz").exists()


def test_folder_of_a_data_set(tiny_spec, tmp_path):
    assert data_set_folder(tiny_spec(), None) == tmp_path / "default-cache/datasets/tiny"
