"""The Frechet distance ranks sets of images as people do, with classes and without."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits

from aepipe.generation.frechet import Features, Moments, frechet_percent
from aepipe.linear import PrincipalComponents

DIGITS = load_digits()
IMAGES = (DIGITS.images[..., np.newaxis] / 16).astype(np.float32)
ORDER = np.random.default_rng(0).permutation(len(IMAGES))
TRAIN, TEST = ORDER[:900], ORDER[900:]


def drawn_by_pca() -> np.ndarray:
    components = PrincipalComponents.fit(IMAGES[TRAIN], 10)
    codes = np.random.default_rng(1).normal(0, components.encode(IMAGES[TRAIN]).std(axis=0), (len(TEST), 10))
    return np.clip(components.decode(codes.astype(np.float32)), 0, 1).reshape(-1, 8, 8, 1)


@pytest.mark.parametrize("labels", [DIGITS.target[TRAIN], None])
def test_real_images_are_near_and_the_others_are_the_farther_the_less_real_they_are(labels):
    features = Features.fit(IMAGES[TRAIN], labels)
    real = Moments.of([features(IMAGES[TEST])])
    noise = np.random.default_rng(0).random(IMAGES[TEST].shape, np.float32)
    others = (IMAGES[TRAIN], drawn_by_pca(), gaussian_filter(IMAGES[TEST], (0, 2, 2, 0)), noise)
    distances = [frechet_percent(real, Moments.of([features(images)])) for images in others]
    assert frechet_percent(real, real) == pytest.approx(0, abs=1e-6)
    assert distances[0] < 3
    assert distances[1] > 2 * distances[0]
    assert distances[2] > 2 * distances[1]
    assert distances[3] > 20


def test_the_distance_of_two_normal_distributions_is_the_known_one():
    first, second = Moments(np.zeros(2), np.diag([1.0, 4.0])), Moments(np.array([3.0, 0]), np.diag([4.0, 1.0]))
    # The means are 9 apart, the deviations 1 and 1, in squares; the variance of the first is 5.
    assert frechet_percent(first, second) == pytest.approx(100 * (9 + 1 + 1) / 5)


def test_the_same_images_give_the_same_features():
    first, second = (Features.fit(IMAGES[:200], None)(IMAGES[:20]) for _ in range(2))
    np.testing.assert_array_equal(first, second)
