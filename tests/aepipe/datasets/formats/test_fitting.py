"""Pictures of any shape come to one size without a word lost: what is cut, added or stretched is known."""

import numpy as np
import pytest
from PIL import Image

from aepipe.datasets.formats.fitting import Form, choose_size, cut_share, fitted, grey, window

TYPES = (np.uint8, np.uint16, np.float32)


@pytest.mark.parametrize(
    ("found", "size"),
    [
        ({(28, 28): 5}, (28, 28)),
        ({(100, 48): 5, (20, 20): 4}, (100, 48)),
        ({(480, 640): 9, (1000, 10): 3}, (96, 128)),
        ({(2000, 20): 1}, (128, 8)),
        ({(2, 2): 1}, (2, 2)),
        # Several sizes of one shape, most of them lying.
        ({(480, 640): 2, (960, 1280): 2, (600, 800): 2, (640, 480): 5}, (96, 128)),
        ({(60, 80): 2, (75, 100): 3, (300, 400): 2}, (72, 96)),
        # All kinds of shapes.
        ({(70, 200): 1, (200, 90): 1, (110, 150): 1}, (88, 88)),
        ({(3, 5): 1, (4, 2): 1, (9, 6): 1}, (3, 3)),
    ],
)
def test_the_pictures_choose_their_size(found, size):
    assert choose_size(found) == size
    assert choose_size(dict(reversed(found.items()))) == size


def test_the_window_is_the_largest_centred_one():
    assert window((20, 60), (8, 8)) == (0, 20, 20, 20)
    assert window((60, 20), (8, 4)) == (10, 0, 40, 20)
    assert window((48, 64), (96, 128)) == (0, 0, 48, 64)
    assert cut_share((20, 60), (8, 8), "crop") == pytest.approx(2 / 3)
    assert cut_share((20, 60), (8, 8), "pad") == 0


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("channels", [(), (1,), (3,)])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_type_and_range_stay(dtype, channels, fit):
    original = (np.random.default_rng(0).random((20, 60, *channels)) * 200).astype(dtype)
    for size in ((8, 8), (16, 48), (100, 30)):
        found = fitted(original, size, fit)
        assert (found.shape, found.dtype) == ((*size, *channels), dtype)
        assert dtype == np.uint8 or original.min() <= found.min() <= found.max() <= original.max()


def test_crop_takes_the_centre():
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200
    assert np.all(fitted(wide, (8, 8), "crop") == 200)


@pytest.mark.parametrize("dtype", TYPES)
def test_pad_keeps_all_and_borders_have_the_color_of_the_edges(dtype):
    page = np.full((40, 20, 3), (200, 180, 100), dtype)
    page[5:35, 5:15] = 10
    found = fitted(page, (20, 20), "pad")
    assert np.abs(found[:, [0, 4, 15, 19]] - np.array([200.0, 180, 100])).max() < 4
    assert np.all(found[3:17, 8:12] < 40)


def test_stretch_keeps_all():
    halves = np.repeat(np.array([[0, 250]], np.uint8), 10, axis=0).repeat(20, axis=1)
    found = fitted(halves, (8, 8), "stretch")
    assert found[:, :3].max() <= 1
    assert found[:, 5:].min() >= 249


@pytest.mark.parametrize("dtype", TYPES)
def test_grey_is_the_brightness_that_pillow_has(dtype):
    original = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    wanted = np.asarray(Image.fromarray(original).convert("L"))
    found = grey(original.astype(dtype))
    assert found.dtype == dtype
    assert np.abs(found - wanted.astype(float)).max() <= (0.51 if dtype == np.float32 else 0)
    assert np.array_equal(grey(original[..., 0]), original[..., 0])


def test_a_form_says_what_it_does():
    form = Form((16, 24), "pad", is_grey=True)
    assert form.text == "16x24-pad-grey"
    assert form.apply(np.zeros((9, 9, 3), np.uint8)).shape == (16, 24)
