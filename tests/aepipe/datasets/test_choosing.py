"""A data set of another class, size or color has pixels of the same type."""

import numpy as np
import pytest

from aepipe.datasets.choosing import choose_pictures
from aepipe.datasets.formats.fitting import grey
from aepipe.datasets.images import ImageData
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.errors import ParameterError

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)


def choose(**chosen) -> ImageData:
    data = ImageData("colors", PIXELS, (0, 255), np.arange(6) % 2, ("ant", "bee"), num_official_train=4)
    return choose_pictures(data, PictureSettings(**chosen))


def test_nothing_chosen_is_the_very_same():
    assert choose().images is PIXELS


def test_a_class():
    bees = choose(**{"class": "bee"})
    assert (bees.name, bees.num_official_train) == ("colors-bee", 2)
    assert np.array_equal(bees.images, PIXELS[1::2])
    with pytest.raises(ParameterError, match=r"ant, bee\. Received: class_name='dog'"):
        choose(**{"class": "dog"})


def test_normal_classes_leave_every_image_and_tell_the_others():
    chosen = choose(classes="bee")
    assert (len(chosen), chosen.num_official_train) == (6, 4)
    assert chosen.anomalous.tolist() == [True, False] * 3
    with pytest.raises(ParameterError, match=r"ant, bee\. Received: class_name='dog'"):
        choose(classes=["bee", "dog"])


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_size_and_a_color(dtype):
    data = ImageData("colors", PIXELS.astype(dtype), (0, 255))
    found = choose_pictures(data, PictureSettings(size="4x6", fit="stretch", color="grey"))
    assert (found.image_shape, found.images.dtype) == ((4, 6, 1), dtype)
    assert choose_pictures(data, PictureSettings(size=16)).image_shape == (16, 16, 3)


def test_grey_and_rgb():
    found = choose(color="grey")
    assert np.array_equal(found.images[..., 0], grey(PIXELS))
    again = choose_pictures(found, PictureSettings(color="rgb"))
    assert again.image_shape == (8, 8, 3)
    assert np.array_equal(again.images[..., 1], grey(PIXELS))
