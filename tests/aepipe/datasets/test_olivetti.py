import joblib
import numpy as np
import pytest
from scipy.io import savemat
from sklearn.datasets import fetch_olivetti_faces

from aepipe.datasets import olivetti
from aepipe.datasets.cache import fetch_arrays
from aepipe.datasets.spec import ExpectedArray
from aepipe.io.hashing import array_sha256


@pytest.fixture
def columns():
    return np.random.default_rng(0).integers(3, 200, (4096, 400), np.uint8)


def test_as_scikit_learn_shows_them(tmp_path, monkeypatch, columns):
    monkeypatch.setenv("AEPIPE_MIRROR", str(tmp_path))
    (tmp_path / "olivetti").mkdir()
    savemat(tmp_path / "olivetti/olivettifaces.mat", {"faces": columns, "u": np.eye(3)})
    spec = olivetti.faces_data_set(olivetti.faces_file(2_000_000, ExpectedArray((400, 4096), array_sha256(columns.T))))
    data = spec.build(fetch_arrays(spec, progress=False))
    assert data.images.dtype == np.uint8
    assert data.pixel_range == (3, 199)
    assert data.label_names[:2] == ("person 0", "person 1")

    # What it keeps after a download.
    joblib.dump(columns.T.copy(), tmp_path / "olivetti_py3.pkz", compress=6)
    shown = fetch_olivetti_faces(data_home=tmp_path, download_if_missing=False)
    assert np.allclose(data.scaled()[..., 0], shown.images, atol=1e-6)
    assert np.array_equal(data.persons, shown.target)
    assert np.array_equal(data.labels, shown.target)
