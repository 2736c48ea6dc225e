import gzip
import io
import pickle
import tarfile

import pytest

from aepipe.datasets.formats import members, tars
from aepipe.datasets.formats.tars import is_tar, open_tar
from aepipe.errors import DataError, TooLargeError


def add(archive, name, data=b"x", kind=tarfile.REGTYPE, link="", **pax):
    entry = tarfile.TarInfo(name)
    entry.size, entry.type, entry.linkname, entry.pax_headers = len(data), kind, link, pax
    archive.addfile(entry, io.BytesIO(data))


def read_tar(path):
    with open_tar(path) as listing:
        return {member.name: member.read() for member in (*listing.members, *listing.tables)}


def left_out(path):
    with open_tar(path) as listing:
        return {one.reason: (one.count, *one.names) for one in listing.tally.left_out()}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.tar"


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_is_read_whatever_it_is_compressed_by(path, mode):
    with tarfile.open(path, mode) as archive:
        add(archive, "./x", kind=tarfile.DIRTYPE, data=b"")
        for name in ("./x/b.png", "x/a.png", "/root/c.png", "../outside.png", "notes.txt", "._x.png", "labels.csv"):
            add(archive, name, name.encode())
    assert read_tar(path) == {
        "root/c.png": b"/root/c.png",
        "x/a.png": b"x/a.png",
        "x/b.png": b"./x/b.png",
        "labels.csv": b"labels.csv",
    }
    with open_tar(path) as listing:
        assert listing.num_files == 7
        assert [table.name for table in listing.tables] == ["labels.csv"]
        assert pickle.loads(pickle.dumps(listing.members[0])).read() == b"/root/c.png"
    assert left_out(path) == {
        "outside of the archive": (1, "../outside.png"),
        "hidden": (1, "._x.png"),
        "no picture": (1, "notes.txt"),
    }
    assert [file.name for file in path.parent.iterdir()] == ["a.tar"]


def test_links_and_what_is_no_file(path):
    with tarfile.open(path, "w") as archive:
        add(archive, "a.png", b"one")
        add(archive, "b.png", b"", tarfile.LNKTYPE, "./a.png")
        add(archive, "c.png", b"", tarfile.LNKTYPE, "/etc/hosts")
        add(archive, "d.png", b"", tarfile.SYMTYPE, "/etc/hosts")
        add(archive, "e.png", b"", tarfile.FIFOTYPE)
        add(
            archive,
            "f.png",
            b"piece",
            **{"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,5", "GNU.sparse.size": "9"},
        )
        add(archive, "a.png", b"two")
    assert read_tar(path) == {"a.png": b"two", "b.png": b"one"}
    assert left_out(path) == {
        "link, encrypted or oddly packed": (4, "c.png", "d.png", "e.png", "f.png"),
        "same name twice": (1, "a.png"),
    }


def test_names_that_are_long_or_no_text(path):
    names = ["d/" * 100 + "a.png", "caf\udce9.png"]
    with tarfile.open(path, "w") as archive:
        for name in names:
            add(archive, name, b"x")
    assert set(read_tar(path)) == set(names)


def whole(path, mode="w"):
    with tarfile.open(path, mode) as archive:
        for number in range(4):
            add(archive, f"{number}.png", bytes(range(256)) * 8)
    return path.read_bytes()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_tar_that_was_cut_off(path, mode, share):
    data = whole(path, mode)
    # The last tenth of a tar without compression is its end mark.
    path.write_bytes(data[: int(share * 4 * 2560 if mode == "w" else share * len(data))])
    with pytest.raises(DataError, match=r"must be a whole tar file: .*name the folder"):
        read_tar(path)


def test_a_tar_that_ends_between_two_entries(path):
    path.write_bytes(whole(path)[: 3 * 2560])
    with pytest.raises(DataError, match="its end is missing"):
        read_tar(path)


def test_a_damaged_header_is_no_end(path):
    data = bytearray(whole(path))
    data[2 * 2560 + 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="an entry is damaged, or another archive follows, after 5120 bytes"):
        read_tar(path)


def test_two_archives_behind_each_other(path):
    path.write_bytes(whole(path) * 2)
    with pytest.raises(DataError, match="another archive follows"):
        read_tar(path)


NO_TARS = {"empty": b"", "text": b"no tar file", "long": b"x" * 4096, "compressed": gzip.compress(b"no tar file")}


@pytest.mark.parametrize("data", NO_TARS.values(), ids=NO_TARS)
def test_no_tar_file(path, data):
    path.write_bytes(data)
    with pytest.raises(DataError, match="must be a whole tar file"):
        read_tar(path)


@pytest.mark.parametrize("size", [-512, 1 << 40])
def test_a_header_that_lies_about_its_length(path, size):
    with tarfile.open(path, "w") as archive:
        add(archive, "a.png", b"x")
        add(archive, "b.png", b"x", size=str(size))
        add(archive, "c.png", b"x")
    with pytest.raises(DataError, match="must be a whole tar file"):
        read_tar(path)


def test_headers_are_bounded(path, monkeypatch):
    monkeypatch.setattr(tars, "MAX_HEADER_BYTES", 1000)
    with tarfile.open(path, "w:gz") as archive:
        add(archive, "a.png", b"x", comment="x" * 2000)
    with pytest.raises(DataError, match="a header announces 2"):
        read_tar(path)
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        add(archive, "a" * 2000, b"x")
    with pytest.raises(DataError, match="a header announces 2001 bytes"):
        read_tar(path)


def test_a_chain_of_headers_without_an_entry(path):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 0
    path.write_bytes(header.tobuf() * 2000)
    with pytest.raises(DataError, match="must be a whole tar file"):
        read_tar(path)


def test_announced_sizes_are_bounded(path, monkeypatch):
    whole(path, "w:gz")
    monkeypatch.setattr(members, "MAX_MEMBER_BYTES", 999)
    with pytest.raises(TooLargeError, match="at most 999 bytes"):
        read_tar(path)
    monkeypatch.setattr(members, "MAX_MEMBERS", 1)
    with pytest.raises(DataError, match="at most 2 entries"):
        read_tar(path)
    monkeypatch.setattr(members, "MAX_TOTAL_BYTES", 2000)
    with pytest.raises(DataError, match=r"must have room in .*: 2000 bytes.*TMPDIR"):
        read_tar(path)


def test_names_of_tar_files():
    assert all(map(is_tar, ("a.tar", "/x/A.TGZ", "a.tar.xz")))
    assert not any(map(is_tar, ("a.zip", "a.gz", "tar")))
