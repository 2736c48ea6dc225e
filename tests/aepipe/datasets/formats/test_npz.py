import os

import numpy as np
import pytest

from aepipe.datasets.formats.npz import open_npz, read_npz
from aepipe.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 4, 5), np.uint8)


def read(tmp_path, **arrays):
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    return read_npz(tmp_path / "a.npz")


def test_grey_bytes_and_labels(tmp_path):
    images, labels = read(tmp_path, images=IMAGES, labels=np.array([2, 0, 2]))
    assert np.array_equal(images, IMAGES[..., np.newaxis])
    assert labels.tolist() == [2, 0, 2]


def test_color_floats_without_labels(tmp_path):
    values = np.random.default_rng(0).random((3, 4, 5, 3))
    images, labels = read(tmp_path, images=values)
    assert images.dtype == np.float32
    assert np.array_equal(images, values.astype(np.float32))
    assert labels is None


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_16_bits_stay(dtype, tmp_path):
    images, _ = read(tmp_path, images=(IMAGES.astype(np.uint16) * 16).astype(dtype))
    assert images.dtype == np.uint16
    assert np.array_equal(images[..., 0], IMAGES.astype(int) * 16)


class Hostile:
    def __reduce__(self):
        return os.system, ("exit 1",)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"x": IMAGES}, "array named images"),
        ({"images": IMAGES[0]}, "must have the shape"),
        ({"images": np.zeros((3, 4, 5, 2), np.uint8)}, "must have the shape"),
        ({"images": np.zeros((0, 4, 5), np.uint8)}, "must have the shape"),
        ({"images": IMAGES.astype(np.int64)}, "uint8, uint16, or floats"),
        ({"images": IMAGES.astype(float)}, "from 0 to 1"),
        ({"images": np.full((3, 4, 5), np.nan)}, "from 0 to 1"),
        ({"images": np.array([Hostile()] * 3, object)}, "allow_pickle=False"),
        ({"images": IMAGES, "labels": np.arange(4)}, "one integer or text for each"),
        ({"images": IMAGES, "labels": np.array([0.5, 1, 2])}, "one integer or text for each"),
    ],
)
def test_anything_else_is_refused(tmp_path, arrays, reason):
    with pytest.raises(DataError, match=reason):
        read(tmp_path, **arrays)


@pytest.mark.parametrize("data", [b"", b"no zip file", b"\x93NUMPY"])
def test_damaged_file(tmp_path, data):
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(DataError, match="npz file is damaged"):
        read_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("order", ["C", "F"])
def test_images_some_at_a_time_are_all_of_them(tmp_path, order):
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 5, 3), np.uint8)
    np.savez(tmp_path / "a.npz", images=np.asarray(images, order=order), labels=np.arange(7))
    with open_npz(tmp_path / "a.npz", 3 * images[0].nbytes) as stored:
        chunks = list(stored.chunks)
    assert [len(chunk) for chunk in chunks] == {"C": [3, 3, 1], "F": [7]}[order]
    assert np.array_equal(np.concatenate(chunks), images)
    assert (stored.num_images, stored.size, stored.labels.tolist()) == (7, (4, 5), list(range(7)))


def test_an_array_that_is_called_npz_is_no_npz_file(tmp_path):
    np.save(tmp_path / "a.npy", IMAGES)
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    with pytest.raises(DataError, match="npz file is damaged"), open_npz(tmp_path / "a.npz", 100):
        pass


def test_only_what_is_read_whole_must_fit_into_half_of_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("aepipe.datasets.formats.npz.memory_bytes", lambda: 2000)
    for order in ("C", "F"):
        np.savez(tmp_path / f"{order}.npz", images=np.zeros((20, 8, 8), np.uint8, order))
    with open_npz(tmp_path / "C.npz", 100) as stored:
        assert sum(map(len, stored.chunks)) == 20
    with pytest.raises(DataError, match="half of the memory"), open_npz(tmp_path / "F.npz", 100):
        pass


def test_the_arrays_must_fit_into_half_of_the_memory(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", images=np.zeros((20, 8, 8), np.uint8), other=np.zeros(10_000))
    monkeypatch.setattr("aepipe.datasets.formats.npz.memory_bytes", lambda: 3000)
    assert len(read_npz(tmp_path / "a.npz")[0]) == 20
    monkeypatch.setattr("aepipe.datasets.formats.npz.memory_bytes", lambda: 2000)
    with pytest.raises(DataError, match="at most 1000 bytes here, half of the memory"):
        read_npz(tmp_path / "a.npz")
