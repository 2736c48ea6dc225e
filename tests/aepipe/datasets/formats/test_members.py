import os
import stat
import struct
import tracemalloc
import zipfile

import pytest

from aepipe.datasets.formats import members
from aepipe.datasets.formats.members import is_picture_name, list_folder, list_s3, open_zip
from aepipe.errors import ConflictError, DataError, ObjectNotFoundError


@pytest.mark.parametrize("name", ["a.png", "x/a.JPG", "x y/b.tiff"])
def test_picture_names(name):
    assert is_picture_name(name)


@pytest.mark.parametrize(
    "name", ["a.txt", "png", ".a.png", "__MACOSX/x/a.png", "x/.hidden/a.png", "../a.png", "/a.png"]
)
def test_other_names(name):
    assert not is_picture_name(name)


def test_folder_in_order_of_names(tmp_path):
    for name in ("b/1.png", "a/2.png", "a/notes.txt", "0.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = list_folder(tmp_path)
    assert [member.name for member in found] == ["0.png", "a/2.png", "b/1.png"]
    assert [member.read() for member in found] == [b"0.png", b"a/2.png", b"b/1.png"]


def test_unreadable_files(tmp_path, monkeypatch):
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "large.png").write_bytes(bytes(101))
    monkeypatch.setattr(members, "MAXIMUM_MEMBER_BYTES", 100)
    for member, reason in zip(list_folder(tmp_path), ("can't be read", "at most 100 bytes"), strict=True):
        with pytest.raises(DataError, match=reason):
            member.read()


def read_zip(path):
    with open_zip(path) as found:
        return {member.name: member.read() for member in found}


def test_zip_is_read_in_memory(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("x/b.png", "x/a.png", "../outside.png", "/absolute.png", "notes.txt"):
            archive.writestr(name, name)
    found = read_zip(tmp_path / "a.zip")
    assert list(found) == ["x/a.png", "x/b.png"]
    assert found["x/a.png"] == b"x/a.png"
    assert os.listdir(tmp_path) == ["a.zip"]
    assert not (tmp_path.parent / "outside.png").exists()


def test_links_and_odd_compressions_are_left_out(tmp_path, caplog):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/hosts")
        archive.writestr("odd.png", b"x" * 100, zipfile.ZIP_BZIP2)
        archive.writestr("good.png", b"good")
    assert read_zip(tmp_path / "a.zip") == {"good.png": b"good"}
    assert caplog.text.count("is left out") == 2


def test_entry_that_lies_about_its_size(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(20_000_000))
    data = path.read_bytes().replace(struct.pack("<I", 20_000_000), struct.pack("<I", 10))
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="damaged"):
            read_zip(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 5_000_000


def test_announced_sizes_are_bounded(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.png", bytes(1000))
    monkeypatch.setattr(members, "MAXIMUM_MEMBER_BYTES", 999)
    with pytest.raises(DataError, match="at most 999 bytes"):
        read_zip(tmp_path / "a.zip")
    monkeypatch.setattr(members, "MAXIMUM_TOTAL_BYTES", 2999)
    with pytest.raises(DataError, match="num_pictures=3, num_bytes=3000"):
        read_zip(tmp_path / "a.zip")
    monkeypatch.setattr(members, "MAXIMUM_TOTAL_BYTES", 3000)
    monkeypatch.setattr(members, "MAXIMUM_MEMBERS", 2)
    with pytest.raises(DataError, match="at most 2 pictures"):
        read_zip(tmp_path / "a.zip")


@pytest.mark.parametrize("data", [b"", b"no zip file"])
def test_no_zip_file(tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataError, match="must be a zip file"):
        read_zip(tmp_path / "a.zip")


LISTING = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><IsTruncated>false</IsTruncated>
<Contents><Key>my/pictures/b/2.png</Key><ETag>"two"</ETag><Size>3</Size></Contents>
<Contents><Key>my/pictures/a/1.png</Key><ETag>"one"</ETag><Size>3</Size></Contents>
<Contents><Key>my/pictures/notes.txt</Key><ETag>"no"</ETag><Size>3</Size></Contents>
</ListBucketResult>"""


def test_s3_prefix(server, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server.files |= {"/bucket": LISTING, "/bucket/my/pictures/a/1.png": b"one", "/bucket/my/pictures/b/2.png": b"two"}
    server.versions |= {"/bucket/my/pictures/a/1.png": '"one"', "/bucket/my/pictures/b/2.png": '"written since"'}
    found, versions = list_s3("s3://bucket/my/pictures")
    assert versions == {"a/1.png": '"one"', "b/2.png": '"two"'}
    assert [member.name for member in found] == ["a/1.png", "b/2.png"]
    assert found[0].read() == b"one"
    with pytest.raises(ConflictError, match="wrote this object first"):
        found[1].read()
    with pytest.raises(ObjectNotFoundError):
        list_s3("s3://other/my")
