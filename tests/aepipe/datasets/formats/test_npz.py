import os

import numpy as np
import pytest

from aepipe.datasets.formats.npz import read_npz
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


def test_the_arrays_must_fit_into_half_of_the_memory(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", images=np.zeros((20, 8, 8), np.uint8), other=np.zeros(10_000))
    monkeypatch.setattr("aepipe.datasets.formats.npz.memory_bytes", lambda: 3000)
    assert len(read_npz(tmp_path / "a.npz")[0]) == 20
    monkeypatch.setattr("aepipe.datasets.formats.npz.memory_bytes", lambda: 2000)
    with pytest.raises(DataError, match="at most 1000 bytes here, half of the memory"):
        read_npz(tmp_path / "a.npz")
