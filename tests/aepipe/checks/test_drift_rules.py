"""Drift of real pixels: images of one kind hold, darkened and blurred ones do not, few ones can't tell."""

import numpy as np
import pytest
from indices import index_of
from scipy.ndimage import gaussian_filter

from aepipe.checks.drift_rules import check_drift
from aepipe.checks.measures import measure
from aepipe.checks.rules import Before, Comparison
from aepipe.checks.settings import CheckSettings
from aepipe.datasets.account import Account
from aepipe.datasets.images import ImageData

GENERATOR = np.random.default_rng(0)


def pictures(count: int, size: int = 8) -> np.ndarray:
    """Smooth random pictures, as bright as photographs are."""
    noise = gaussian_filter(GENERATOR.normal(size=(count, size, size, 1)), (0, 1, 1, 0))
    offsets = GENERATOR.normal(128, 25, (count, 1, 1, 1))
    return np.clip(offsets + 80 * noise, 0, 255).astype(np.uint8)


def drifts(before: np.ndarray, new: np.ndarray, **settings):
    """The lines about images that came to a release's, by the measure's name."""
    known = ImageData("images-x", before, (0, 255))
    measures = measure(known, np.arange(len(before)))
    release = Before("20250101T000000Z-abcdef", index_of(range(len(before))), measures)
    numbers = range(len(before), len(before) + len(new))
    account = Account(num_files=len(new), num_taken=len(new), num_images=len(new), image_shape=new.shape[1:])
    comparison = Comparison(account, index_of(numbers), release)
    lines = check_drift(comparison, ImageData("images-x", new, (0, 255)), CheckSettings(**settings))
    return {line.name.removeprefix("drift of "): line for line in lines}


def test_measures_are_of_grey_values_from_0_to_1():
    images = np.zeros((2, 4, 4, 3), np.uint8)
    images[1, :, :2] = 255
    found = measure(ImageData("x", images, (0, 255)), np.arange(2)).values
    assert found["brightness"] == pytest.approx([0, 0.5])
    assert found["contrast"] == pytest.approx([0, 0.5])
    assert found["sharpness"][0] == 0
    assert found["sharpness"][1] > 0.1


def test_more_of_the_same_is_no_drift():
    assert all(line.holds for line in drifts(pictures(200), pictures(60)).values())


def test_darker_images_are_found():
    before = pictures(200)
    lines = drifts(before, (pictures(30) * 0.4).astype(np.uint8))
    assert not lines["brightness"].holds
    assert "30 new images and 200 of the release" in lines["brightness"].says
    assert lines["brightness"].line.endswith("allows it")
    assert lines["brightness"].allows >= lines["brightness"].found
    assert drifts(before, (pictures(30) * 0.4).astype(np.uint8), most_drift=50)["brightness"].holds


def test_blurred_images_are_found_by_their_sharpness():
    blurred = gaussian_filter(pictures(40).astype(float), (0, 2, 2, 0)).astype(np.uint8)
    assert not drifts(pictures(200), blurred)["sharpness"].holds


def test_few_new_images_break_nothing():
    lines = drifts(pictures(200), np.zeros((19, 8, 8, 1), np.uint8))
    assert {line.says for line in lines.values()} == {"19 new images, too few to tell: that takes 20"}
    assert all(line.holds for line in lines.values())


def test_images_of_another_shape_are_not_compared():
    lines = drifts(pictures(200), pictures(40, size=16))
    assert lines["contrast"].says == "not compared: the release's images are 8 x 8 x 1, these 16 x 16 x 1"
