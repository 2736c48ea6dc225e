"""Other images become what a model was trained on, by the training's own preprocessing."""

import numpy as np
import pytest

from aepipe.datasets.formats.fitting import grey
from aepipe.datasets.images import ImageData
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.datasets.pixel_mask import PixelMask
from aepipe.errors import ParameterError
from aepipe.inference.inputs import to_model_input
from aepipe.preprocess import Preprocessing, preprocess, resize_bicubic
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.recipes.trained import TrainedRecipe, TrainingImages


def trained(shape=(16, 16, 1), pixel_range=(0, 255), **preprocessing) -> TrainedRecipe:
    images = TrainingImages(name="x", pixel_range=pixel_range, preprocessing=Preprocessing(**preprocessing))
    return TrainedRecipe(plan=plan_training("mnist-dense", "tuned", "full", Overrides(), shape), trained_on=images)


def pixels(*shape, dtype=np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


@pytest.mark.parametrize(
    "settings", [{"size": 16}, {"color": "channel-mean", "size": 16}, {"color": "channel-mean", "class_name": "b"}]
)
def test_images_of_the_data_set_become_exactly_what_was_trained_on(settings):
    size = 32 if "size" in settings else 16
    images = pixels(6, size, size, 3)
    data = ImageData("x", images, (0, 255), labels=np.array([1, 0, 1, 0, 1, 0]), label_names=("a", "b"))
    seen = preprocess(data, Preprocessing(**settings))
    rows = np.arange(0, 6, 2) if "class_name" in settings else np.arange(6)
    made = to_model_input(images[rows], trained(seen.image_shape, **settings))
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, seen.scaled())


@pytest.mark.parametrize("size", [16, 40, 7])
def test_what_did_not_count_is_black_whatever_is_there(size):
    counts = np.ones((16, 16), bool)
    counts[:8, 4:] = False
    recipe = trained()
    images = recipe.trained_on.model_copy(update={"mask": PixelMask.of(counts)})
    recipe = recipe.model_copy(update={"trained_on": images})
    one, other = pixels(3, size, size), pixels(3, size, size)
    one[:, : size // 2, size // 4 :] = 9
    other = one.copy()
    # In a picture of 7 x 7 that is one of the pixels that lie in what is left out with their centres.
    other[:, size // 4, size // 2] = 250
    made = to_model_input(one, recipe)
    np.testing.assert_array_equal(made, to_model_input(other, recipe))
    assert not made[:, ~counts].any()
    assert not np.array_equal(to_model_input(one, trained()), to_model_input(other, trained()))
    # Black is what the caller says that it is.
    floats = one.astype(np.float32) / 128 - 1
    np.testing.assert_allclose(to_model_input(floats, recipe, (-1, 255 / 128 - 1)), made, atol=0.05)
    np.testing.assert_array_equal(to_model_input(made, recipe), made)


def test_what_was_preprocessed_stays_as_it_is():
    recipe = trained(size=16, color="channel-mean")
    made = to_model_input(pixels(3, 40, 40, 3), recipe)
    np.testing.assert_array_equal(to_model_input(made, recipe), made)


def test_the_trainings_own_size_comes_before_the_models():
    images = pixels(2, 32, 32)
    coarse = resize_bicubic(images[..., None], (8, 8), (0, 255))
    expected = resize_bicubic(coarse, (16, 16), (0, 255)) / 255
    np.testing.assert_allclose(to_model_input(images, trained(size=8)), expected, atol=1e-6)


def test_another_size_is_resized_larger_or_smaller():
    for size in (8, 20, 100):
        images = pixels(2, size, size)
        made = to_model_input(images, trained())
        np.testing.assert_allclose(made, resize_bicubic(images[..., None], (16, 16), (0, 255)) / 255, atol=1e-6)
        assert made.shape == (2, 16, 16, 1)


def test_any_size_of_the_models_shape_is_resized():
    images = pixels(2, 48, 24)
    made = to_model_input(images, trained((16, 8, 1)))
    np.testing.assert_allclose(made, resize_bicubic(images[..., None], (16, 8), (0, 255)) / 255, atol=1e-6)


def test_where_the_run_made_pictures_grey_their_brightness_counts():
    recipe = trained()
    recipe = recipe.model_copy(
        update={"trained_on": recipe.trained_on.model_copy(update={"pictures": PictureSettings(color="grey")})}
    )
    images = pixels(2, 16, 16, 3)
    np.testing.assert_allclose(to_model_input(images, recipe)[..., 0], grey(images) / np.float32(255), atol=1e-6)


def test_channels_are_averaged_or_repeated():
    images = pixels(2, 16, 16, 3)
    expected = images.mean(-1, keepdims=True) / 255
    np.testing.assert_allclose(to_model_input(images, trained()), expected, atol=1e-6)
    grey = to_model_input(images[..., :1], trained((16, 16, 3)))
    np.testing.assert_allclose(grey, np.repeat(images[..., :1], 3, -1) / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("images", "trained_range", "chosen", "white"),
    [
        (pixels(1, 16, 16) % 17, (0, 16), None, 16),
        (pixels(1, 16, 16), (0, 1), None, 255),
        (pixels(1, 16, 16), (0, 4095), None, 255),
        (pixels(1, 16, 16, dtype=np.uint16) * 16, (0, 4095), None, 4095),
        (pixels(1, 16, 16), (0, 16), (0, 255), 255),
        (pixels(1, 16, 16, dtype=np.float64) / 255, (0, 16), None, 1),
        (pixels(1, 16, 16, dtype=np.float32), (0, 255), (0, 255), 255),
    ],
)
def test_white_is_one_whatever_the_unit(images, trained_range, chosen, white):
    made = to_model_input(images, trained(pixel_range=trained_range), chosen)
    np.testing.assert_allclose(made[..., 0], images / white, atol=1e-6)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (pixels(1, 16, 16, dtype=np.float32), r"from 0 to 1 here.*maximum=\d+.*pixel_range=\(0, 255\)"),
        (np.full((1, 16, 16), np.nan, np.float32), "minimum=nan"),
        (np.full((1, 16, 16), 17, np.uint8), "from 0 to 16 here.*maximum=17"),
        (np.zeros((1, 16, 24), np.uint8), "16 x 16 pixels.*Crop"),
        (np.zeros((16, 16), np.uint8), "shape"),
        (np.zeros((0, 16, 16), np.uint8), "at least one"),
        (np.zeros((1, 16, 16, 4), np.uint8), "1 or 3 channels"),
        (np.zeros((1, 16, 16), bool), "dtype='bool'"),
    ],
)
def test_what_can_only_be_guessed_is_refused(images, message):
    with pytest.raises(ParameterError, match=message):
        to_model_input(images, trained(pixel_range=(0, 16)))
