"""PCA is what it should be, however the images come."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from smooth_images import smooth_images

from aepipe.linear import PrincipalComponents


@pytest.mark.parametrize("count", [20, 200])
@pytest.mark.parametrize("code_size", [1, 5])
def test_pca_is_scikit_learns(count, code_size):
    images = smooth_images(count + 30)
    train, test = images[:count], images[count:]
    expected = PCA(code_size, svd_solver="full").fit(train.reshape(count, -1).astype(np.float64))
    rows = test.reshape(30, -1).astype(np.float64)
    wanted = expected.inverse_transform(expected.transform(rows)).reshape(test.shape)
    np.testing.assert_allclose(PrincipalComponents.fit(train, code_size).reconstruct(test), wanted, atol=2e-4)


def test_pca_with_more_components_than_rank_reconstructs_what_it_saw():
    train = smooth_images(10)
    components = PrincipalComponents.fit(train, 36)
    np.testing.assert_allclose(components.reconstruct(train), train, atol=1e-5)


@pytest.mark.parametrize("count", [20, 200])
def test_images_in_batches_have_the_same_components(count):
    images = smooth_images(count)
    whole = PrincipalComponents.fit(images, 4)
    parts = PrincipalComponents.fit_batches(lambda: (images[start : start + 7] for start in range(0, count, 7)), 4)
    np.testing.assert_allclose(parts.mean, whole.mean, atol=1e-6)
    np.testing.assert_allclose(parts.reconstruct(images), whole.reconstruct(images), atol=1e-4)


def test_many_large_images_have_the_same_components_found_at_random(monkeypatch):
    images = smooth_images(300)
    exact = PrincipalComponents.fit(images, 6)
    monkeypatch.setattr("aepipe.linear.MAX_EXACT", 20)
    again = [
        PrincipalComponents.fit_batches(lambda: (images[start : start + 70] for start in range(0, 300, 70)), 6)
        for _ in range(2)
    ]
    assert again[0].components.shape == exact.components.shape
    np.testing.assert_array_equal(again[0].components, again[1].components)
    np.testing.assert_allclose(again[0].reconstruct(images), exact.reconstruct(images), atol=2e-3)


def test_large_images_are_not_held_and_have_as_many_components_as_memory_has_room_for(monkeypatch):
    images = smooth_images(30)
    exact = PrincipalComponents.fit(images, 3)
    monkeypatch.setattr("aepipe.linear.MAX_HELD_VALUES", images.size - 1)
    monkeypatch.setattr("aepipe.linear.MAX_COMPONENT_VALUES", 3 * images[0].size)
    found = PrincipalComponents.fit(images, 20)
    assert found.components.shape == exact.components.shape
    np.testing.assert_allclose(found.reconstruct(images), exact.reconstruct(images), atol=2e-3)
