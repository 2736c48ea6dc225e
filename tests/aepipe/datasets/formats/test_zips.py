import os
import stat
import struct
import tracemalloc
import zipfile

import pytest

from aepipe.datasets.formats import members
from aepipe.datasets.formats.zips import open_zip
from aepipe.errors import BrokenFileError, DataError, TooLargeError


def read_zip(path):
    with open_zip(path) as listing:
        return {member.name: member.read() for member in listing.members}


def left_out(path):
    with open_zip(path) as listing:
        return {one.reason: (one.count, *one.names) for one in listing.tally.left_out()}


def test_zip_is_read_in_memory(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("x/b.png", "x/a.png", "../outside.png", "notes.txt"):
            archive.writestr(name, name)
    found = read_zip(tmp_path / "a.zip")
    assert list(found) == ["x/a.png", "x/b.png"]
    assert found["x/a.png"] == b"x/a.png"
    assert left_out(tmp_path / "a.zip") == {
        "outside of the archive": (1, "../outside.png"),
        "no picture": (1, "notes.txt"),
    }
    assert os.listdir(tmp_path) == ["a.zip"]
    assert not (tmp_path.parent / "outside.png").exists()


def test_links_and_odd_compressions_are_left_out(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/hosts")
        archive.writestr("odd.png", b"x" * 100, zipfile.ZIP_BZIP2)
        archive.writestr("good.png", b"good")
    assert read_zip(tmp_path / "a.zip") == {"good.png": b"good"}
    assert left_out(tmp_path / "a.zip") == {"link, encrypted or oddly packed": (2, "link.png", "odd.png")}


def test_separators_of_windows_and_a_root_in_front(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("cats\\deep\\1.png", "/home/dogs/2.png", "\\share\\3.png", "cats\\"):
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            archive.writestr(entry, b"x")
    assert list(read_zip(tmp_path / "a.zip")) == ["cats/deep/1.png", "home/dogs/2.png", "share/3.png"]


def test_two_entries_of_one_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("a/1.png", "a\\1.png"):
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            archive.writestr(entry, name)
    assert list(read_zip(tmp_path / "a.zip")) == ["a/1.png"]
    assert left_out(tmp_path / "a.zip") == {"same name twice": (1, "a/1.png")}


def test_entry_that_lies_about_its_size(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(20_000_000))
    data = path.read_bytes().replace(struct.pack("<I", 20_000_000), struct.pack("<I", 10))
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(BrokenFileError, match="damaged"):
            read_zip(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 5_000_000


def test_announced_sizes_are_bounded(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.png", bytes(1000))
    monkeypatch.setattr(members, "MAX_MEMBER_BYTES", 999)
    with pytest.raises(TooLargeError, match="at most 999 bytes"):
        read_zip(tmp_path / "a.zip")
    monkeypatch.setattr(members, "MAX_TOTAL_BYTES", 2999)
    with pytest.raises(DataError, match="num_pictures=3, num_bytes=3000"):
        read_zip(tmp_path / "a.zip")
    monkeypatch.setattr(members, "MAX_TOTAL_BYTES", 3000)
    monkeypatch.setattr(members, "MAX_MEMBERS", 2)
    with pytest.raises(DataError, match="at most 2 pictures"):
        read_zip(tmp_path / "a.zip")


@pytest.mark.parametrize("data", [b"", b"no zip file"])
def test_no_zip_file(tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataError, match="must be a zip file"):
        read_zip(tmp_path / "a.zip")
