import numpy as np

from aepipe.datasets import mnist_csv
from aepipe.datasets.cache import fetch_arrays
from aepipe.datasets.spec import ExpectedArray
from aepipe.io.hashing import array_sha256


def test_images_of_lines(tmp_path, monkeypatch):
    rows = np.random.default_rng(0).integers(0, 256, (3, 785), np.uint8)
    rows[:, 0] = [7, 0, 9]
    path = tmp_path / "mirror/mnist-csv/train.csv"
    path.parent.mkdir(parents=True)
    header = "label," + ",".join(f"pixel{number}" for number in range(784))
    np.savetxt(path, rows, "%d", ",", header=header, comments="")
    monkeypatch.setenv("AEPIPE_MIRROR", f"file://{tmp_path}/mirror")
    pixels, labels = (ExpectedArray(part.shape, array_sha256(part)) for part in (rows[:, 1:], rows[:, 0]))
    spec = mnist_csv.csv_data_set(mnist_csv.csv_file(path.stat().st_size, pixels, labels))
    data = spec.build(fetch_arrays(spec, progress=False))
    assert data.images.shape == (3, 28, 28, 1)
    assert data.images[1, 27, 27, 0] == rows[1, 784]
    assert data.labels.tolist() == [7, 0, 9]
    assert data.num_official_train is None
