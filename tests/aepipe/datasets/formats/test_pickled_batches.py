import gzip
import io
import os
import pickle
import tarfile

import numpy as np
import pytest

from aepipe.datasets.formats.pickled_batches import read_batch, read_tar_members
from aepipe.errors import DataError

PIXELS = np.arange(24, dtype=np.uint8).reshape(4, 6)


def python_2_pickle(pixels):
    """A batch as Python 2 and an old numpy wrote it: byte strings, and numpy's former module name."""
    state = b"U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    raw = b"T" + len(pixels.tobytes()).to_bytes(4, "little") + pixels.tobytes()
    shape = bytes([ord("K"), pixels.shape[0], ord("K"), pixels.shape[1], 0x86])
    return (
        b"\x80\x02}(U\x06labels](K\x01K\x02K\x03K\x04eU\x04data"
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01"
        + shape
        + b"cnumpy\ndtype\n"
        b"U\x02u1K\x00K\x01\x87R(K\x03" + state + b"\x89" + raw + b"tbu."
    )


def test_python_2_batch():
    batch = read_batch(python_2_pickle(PIXELS))
    assert batch["labels"] == [1, 2, 3, 4]
    assert np.array_equal(batch["data"], PIXELS)
    assert np.array_equal(pickle.loads(python_2_pickle(PIXELS), encoding="latin1")["data"], PIXELS)


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("pixels", [PIXELS, np.asfortranarray(PIXELS)], ids=["C", "Fortran"])
def test_python_3_batch(protocol, pixels):
    batch = {"data": pixels, "labels": [1, 2], "names": [b"a", "b"]}
    read = read_batch(pickle.dumps(batch, protocol))
    assert np.array_equal(read.pop("data"), PIXELS)
    assert read == {"labels": [1, 2], "names": [b"a", "b"]}


class RunsCommand:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", range(6))
def test_hostile_pickle_runs_nothing(tmp_path, protocol):
    path = tmp_path / "was-here"
    data = pickle.dumps({"data": RunsCommand(path), "labels": []}, protocol)
    with pytest.raises(DataError, match=r"(posix\.system|the opcode \w+) is not admitted"):
        read_batch(data)
    assert not path.exists()
    pickle.loads(data)
    assert path.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cnumpy\nfromfile\n(S'/etc/hosts'\ntR.",
        b"cnumpy.core.multiarray\nscalar\n.",
        b"c_codecs\ndecode\n.",
        b"(S'x'\nios\nsystem\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"\x82\x01.",
        b"P1\n.",
        pickle.dumps({"data": np.zeros(3)}, 2),
        pickle.dumps({"data": np.array([{}], object)}, 2),
        pickle.dumps([1, 2], 2),
        python_2_pickle(PIXELS)[:-40],
        b"",
        b"no pickle",
    ],
)
def test_anything_else_is_refused(data):
    with pytest.raises(DataError):
        read_batch(data)


def nested_key(depth):
    return b"\x80\x02}" + b")" + b"\x85" * depth + b"Ns."


ENCODED = b"c_codecs\nencode\nh\x01U\x06latin1\x86R"
PUNYCODE = "".join(chr(0x10000 + number) for number in range(3000)).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (nested_key(200_000), "deep"),
        (nested_key(3), "deep"),
        (b"\x80\x02}" + b")" + b"Ns.", "keys that are no text"),
        (b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", "more than text and integers"),
        (b"\x80\x05\x96" + (3 << 30).to_bytes(8, "little") + b".", "only 1 remain|BYTEARRAY8 is not admitted"),
        (b"\x80\x02X" + (3 << 30).to_bytes(4, "little") + b"x.", "remain"),
        (
            b"\x80\x02c_codecs\nencode\nX" + len(PUNYCODE).to_bytes(4, "little") + PUNYCODE + b"U\x08punycode\x86R.",
            "calls something",
        ),
        (b"\x80\x02}X\x40\x00\x00\x00" + b"x" * 64 + b"q\x01" + ENCODED * 20 + b"s.", "more text than it has"),
        (b"\x80\x02" + b"(" * 100, "nested too deep"),
        (b"\x80\x02" + b"N" * 500_001 + b".", "more than 500000 opcodes"),
        (b"\x80\x02}q\x00h\x00h\x00s.", "no text"),
        (b"\x80\x02}U\x01ah\x07s.", "7"),
        (b"\x80\x02\x8a\x04\xff\xff\xff\x7f.", "LONG1 is not admitted"),
        (python_2_pickle(PIXELS).replace(b"K\x04K\x06\x86", b"K\x04K\x07\x86"), "must fit its bytes"),
    ],
)
def test_what_would_fill_the_stack_the_memory_or_the_hour_is_refused_at_once(data, reason):
    with pytest.raises(DataError, match=reason):
        read_batch(data)


def test_a_batch_as_it_is_published_with_its_memo(tmp_path):
    batch = b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x02abq\x03U\x06labelsq\x04]q\x05(K\x01K\x02eU\x01xh\x03u."
    assert read_batch(batch) == {"batch_label": "ab", "labels": [1, 2], "x": "ab"}


def write_tar(path, *members):
    """Write (name, data) pairs and ready-made TarInfo members."""
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return path


def link(name, target):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def test_members_by_exact_name(tmp_path):
    path = write_tar(tmp_path / "a.tar.gz", ("x/a", b"A"), ("../../outside", b"no"), ("/x/b", b"no"), ("x/b", b"B"))
    assert read_tar_members(path, ["x/b", "x/a"], 1 << 20) == {"x/a": b"A", "x/b": b"B"}
    assert [found.name for found in tmp_path.parent.rglob("outside")] == []


@pytest.mark.parametrize("member", [link("x/a", "/etc/hosts"), ("x/../x/a", b"A"), ("./x/a", b"A")])
def test_links_and_other_names_are_missing(tmp_path, member):
    path = write_tar(tmp_path / "a.tar.gz", member)
    with pytest.raises(DataError, match=r"missing=\['x/a'\]"):
        read_tar_members(path, ["x/a"], 1 << 20)


def test_whole_archive_is_bounded(tmp_path):
    path = write_tar(tmp_path / "a.tar.gz", ("big", bytes(1 << 20)), ("x/a", b"A"))
    with pytest.raises(DataError, match="at most 1000000 bytes"):
        read_tar_members(path, ["x/a"], 1_000_000)


@pytest.mark.parametrize("spoil", [lambda data: data[:-200], lambda data: b"no tar", lambda data: gzip.compress(b"no")])
def test_damaged_archive(tmp_path, spoil):
    path = write_tar(tmp_path / "a.tar.gz", ("x/a", os.urandom(2000)))
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataError, match=r"damaged or cut off|missing"):
        read_tar_members(path, ["x/a"], 1 << 20)
