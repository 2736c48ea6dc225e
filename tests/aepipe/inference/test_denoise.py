"""Pictures of any size, channels and bits, restored by a model of 8 x 8 grey ones."""

from dataclasses import replace

import numpy as np
import pytest
from published_models import RECIPE
from sklearn.datasets import load_digits

import aepipe
from aepipe.datasets.pixel_mask import PixelMask
from aepipe.errors import ParameterError

DIGITS = load_digits().images[:20]
on_a_folder = pytest.mark.parametrize("store_url", ["folder"], indirect=True)


@pytest.fixture
def loaded(published_store):
    return aepipe.load(published_store, RECIPE)


@on_a_folder
def test_arrays_come_back_in_their_own_form(loaded):
    bytes_, deep = (np.round(DIGITS * (white / 16)).astype(dtype) for white, dtype in ((255, "u1"), (4095, "u2")))
    expected = np.clip(loaded.reconstruct(DIGITS[..., None] / 16), 0, 1)[..., 0]
    for images, white in ((DIGITS / 16, 1), (bytes_, 255), (deep, 4095)):
        restored = loaded.restore(images, pixel_range=(0, white))
        assert (restored.shape, restored.dtype) == (images.shape, images.dtype)
        np.testing.assert_allclose(restored / white, expected, atol=0.01)
    colour = np.stack([bytes_, bytes_[::-1], bytes_ // 2], -1)
    restored = loaded.restore(colour, (0, 255))
    for channel in range(3):
        np.testing.assert_array_equal(restored[..., channel], loaded.restore(colour[..., channel], (0, 255)))
    large = loaded.restore(np.tile(bytes_[:2], (1, 3, 4)), (0, 255))
    assert (large.shape, large.dtype) == ((2, 24, 32), np.uint8)
    small = loaded.restore(bytes_[:2, :5, 1:4], (0, 255))
    assert small.shape == (2, 5, 3)
    for images in (DIGITS[0], DIGITS[:0], np.zeros((2, 8, 8, 4))):
        with pytest.raises(ParameterError, match=r"shape \(n, height, width\).*Received: shape="):
            loaded.restore(images)
    with pytest.raises(ParameterError, match="pixel_range"):
        loaded.restore(bytes_)


@on_a_folder
def test_pixels_that_did_not_count_are_black_at_a_pictures_own_size(loaded):
    """Not in each of its tiles."""
    counts = np.ones((8, 8), bool)
    counts[:, :4] = False
    images = loaded.trained.trained_on.model_copy(update={"mask": PixelMask.of(counts)})
    masked = replace(loaded, trained=loaded.trained.model_copy(update={"trained_on": images}))
    pictures = np.full((1, 24, 24), 200, np.uint8)
    black = pictures.copy()
    black[:, :, :12] = 0
    expected = loaded.restore(black, (0, 255))
    expected[:, :, :12] = 0
    np.testing.assert_array_equal(masked.restore(pictures, (0, 255)), expected)
    # Of another shape, the middle is what the mask is of.
    wide = masked.restore(np.full((1, 24, 48), 200, np.uint8), (0, 255))
    assert not wide[:, :, 12:24].any()
    assert wide[:, :, :12].any()


@on_a_folder
def test_a_model_of_colour_images_takes_a_grey_one_as_three_equal_channels(loaded):
    """One that gives each channel another brightness."""
    plan = loaded.trained.plan.model_copy(update={"image_shape": (8, 8, 3)})
    trained = loaded.trained.model_copy(update={"plan": plan})
    tinted = replace(loaded, trained=trained, model=lambda images, training: images * np.float32([0.3, 0.6, 0.9]))
    restored = tinted.restore(np.full((1, 20, 9), 0.5))
    np.testing.assert_allclose(restored, 0.3, rtol=1e-6)
