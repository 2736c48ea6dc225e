import numpy as np
from sklearn.datasets import load_digits

from aepipe import datasets


def test_as_scikit_learn_has_them(tmp_path):
    data = datasets.load("digits", cache_folder=tmp_path)
    shown = load_digits()
    assert data.images.shape == (1797, 8, 8, 1)
    assert data.images.dtype == np.uint8
    assert np.array_equal(data.images[..., 0], shown.images)
    assert np.array_equal(data.labels, shown.target)
    assert data.pixel_range == (0, 16)
    assert list(tmp_path.iterdir()) == []
