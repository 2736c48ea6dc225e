"""Preprocessing changes pixels only where it says so, and keeps the official training rows in front."""

import numpy as np
import pytest

from aepipe.datasets.images import ImageData
from aepipe.errors import ParameterError
from aepipe.preprocess import Preprocessing, preprocess


@pytest.fixture
def colors() -> ImageData:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
    return ImageData("colors", pixels, (0, 255), np.arange(12) % 3, ("ant", "bee", "cow"), num_official_train=9)


def test_nothing_to_do_keeps_the_very_same_pixels(colors):
    assert preprocess(colors, Preprocessing()).images is colors.images


def test_grey_is_the_mean_of_the_channels(colors):
    grey = preprocess(colors, Preprocessing(color="channel-mean")).images
    np.testing.assert_allclose(grey[..., 0], colors.images.astype(float).mean(axis=-1), rtol=1e-6)
    assert grey.dtype == np.float32


def test_a_class_filter_keeps_uint8_and_the_official_part(colors):
    bees = preprocess(colors, Preprocessing(class_name="bee"))
    assert (bees.name, bees.images.dtype, len(bees), bees.num_official_train) == ("colors-bee", np.uint8, 4, 3)
    np.testing.assert_array_equal(bees.images, colors.images[1::3])


def test_an_unknown_class_names_the_known_ones(colors):
    with pytest.raises(ParameterError, match=r"ant, bee, cow\. Received: class_name='dog'"):
        preprocess(colors, Preprocessing(class_name="dog"))


def test_a_resize_keeps_a_constant_image_and_the_pixel_range(colors):
    constant = colors.take(np.arange(2), images=np.full((2, 8, 8, 3), 7, np.uint8))
    np.testing.assert_allclose(preprocess(constant, Preprocessing(size=4)).images, 7, rtol=1e-6)
    checkers = colors.take(
        np.arange(2),
        images=np.full((2, 8, 8, 3), 255, np.uint8) * (np.indices((8, 8)).sum(0) // 3 % 2)[..., None].astype(np.uint8),
    )
    resized = preprocess(checkers, Preprocessing(size=5)).images
    assert resized.shape == (2, 5, 5, 3)
    assert resized.min() >= 0
    assert resized.max() <= 255


def test_images_are_never_enlarged(colors):
    assert preprocess(colors, Preprocessing(size=32)).image_shape == (8, 8, 3)


def test_scaling_maps_the_pixel_range_to_0_and_1(colors):
    digits = colors.take(np.arange(1), images=np.array([[[[4.0], [16.0]]]]), pixel_range=(4, 16))
    np.testing.assert_array_equal(digits.scaled().ravel(), [0, 1])
