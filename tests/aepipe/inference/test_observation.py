"""What is kept of the pictures that go by."""

import hashlib

import numpy as np
import pytest

from aepipe.datasets.appearance import MEASURES
from aepipe.inference.observation import Observation

NUM_PICTURES, MOST = 500, 40


@pytest.fixture(scope="module")
def pictures():
    generator = np.random.default_rng(0)
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(NUM_PICTURES)]
    return digests, generator.random((NUM_PICTURES, 4, 4, 1), np.float32), generator.random((NUM_PICTURES, 3))


def observe(pictures, order, size: int) -> dict[str, np.ndarray]:
    digests, pixels, codes = pictures
    seen = Observation(MOST)
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        seen.add([digests[row] for row in rows], pixels[rows], codes[rows])
    return seen.columns()


def test_the_same_pictures_are_kept_in_whatever_order_and_batches_they_come(pictures):
    one = observe(pictures, np.arange(NUM_PICTURES), 7)
    other = observe(pictures, np.random.default_rng(1).permutation(NUM_PICTURES), 64)
    assert list(one) == ["codes", *MEASURES]
    for name, column in one.items():
        assert len(column) == MOST
        np.testing.assert_array_equal(column, other[name])


def test_of_few_pictures_all_are_kept_and_measured_as_they_are(pictures):
    seen = observe(pictures, np.arange(20), 6)
    digests, pixels, codes = pictures
    order = np.argsort(digests[:20])
    np.testing.assert_array_equal(seen["codes"], codes[:20][order])
    np.testing.assert_allclose(seen["brightness"], pixels[:20].mean(axis=(1, 2, 3))[order], rtol=1e-5)


def test_nothing_was_seen():
    assert Observation().columns() == {}
