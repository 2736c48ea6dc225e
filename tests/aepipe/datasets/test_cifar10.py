import io
import os
import pickle
import tarfile

import numpy as np
import pytest

from aepipe.datasets import cifar10
from aepipe.datasets.cache import fetch_arrays
from aepipe.datasets.spec import ExpectedArray
from aepipe.errors import DataError
from aepipe.io.hashing import array_sha256

GENERATOR = np.random.default_rng(0)
ROWS = {name: GENERATOR.integers(0, 256, (2, 3072), np.uint8) for names in cifar10.BATCHES.values() for name in names}
LABELS = {name: [number, 9 - number] for number, name in enumerate(ROWS)}


def expected():
    rules = {}
    for part, names in cifar10.BATCHES.items():
        images = np.concatenate([ROWS[name] for name in names])
        labels = np.concatenate([LABELS[name] for name in names]).astype(np.uint8)
        rules[f"{part}_images"] = ExpectedArray(images.shape, array_sha256(images))
        rules[f"{part}_labels"] = ExpectedArray(labels.shape, array_sha256(labels), 10)
    return rules


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Write the archive into a mirror, with some batches replaced; return the data set."""
    monkeypatch.setenv("AEPIPE_MIRROR", str(tmp_path / "mirror"))

    def write(**changes):
        batches = {name: {"data": ROWS[name], "labels": LABELS[name], "filenames": ["a"]} for name in ROWS}
        path = tmp_path / "mirror/cifar10/cifar-10-python.tar.gz"
        path.parent.mkdir(parents=True)
        with tarfile.open(path, "w:gz") as archive:
            for name, batch in batches.items():
                content = pickle.dumps(changes.get(name.rpartition("/")[2], batch), 2)
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return cifar10.batches_data_set(cifar10.batches_file(path.stat().st_size, expected()))

    return write


def test_images_and_labels(put):
    spec = put()
    data = spec.build(fetch_arrays(spec, progress=False))
    assert data.images.shape == (12, 32, 32, 3)
    assert data.num_official_train == 10
    assert data.labels.tolist() == [label for labels in LABELS.values() for label in labels]
    first = ROWS["cifar-10-batches-py/data_batch_1"][0]
    # Red, green, blue planes, each row by row.
    assert data.images[0, 0, 1].tolist() == [first[1], first[1024 + 1], first[2048 + 1]]
    assert data.images[0, 2, 0, 0] == first[64]
    assert np.array_equal(data.images[11].transpose(2, 0, 1).ravel(), ROWS["cifar-10-batches-py/test_batch"][1])


class RunsCommand:
    def __reduce__(self):
        return os.system, ("touch hostile-was-here",)


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        ({"data": ROWS["cifar-10-batches-py/test_batch"]}, "labels must be a list"),
        ({"data": [1], "labels": [1, 2]}, "data must be an array"),
        ({"data": np.zeros((2, 10), np.uint8), "labels": [1, 2]}, "rows of 3072 bytes"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [1, 300]}, "integers from 0 to 9"),
        ({"data": ROWS["cifar-10-batches-py/test_batch"], "labels": [1, 10]}, "must lie from 0 to 9"),
        ({"data": np.zeros((3, 3072), np.uint8), "labels": [1, 2, 3]}, "uint8 of shape"),
        ({"data": RunsCommand(), "labels": [1, 2]}, "system is not admitted"),
        ("text", "must be a dict"),
    ],
)
def test_broken_batches(put, tmp_path, monkeypatch, batch, reason):
    monkeypatch.chdir(tmp_path)
    spec = put(test_batch=batch)
    with pytest.raises(DataError, match=reason):
        fetch_arrays(spec, progress=False)
    assert not (tmp_path / "hostile-was-here").exists()
    assert not list((tmp_path / "default-cache").rglob("*.gz"))
