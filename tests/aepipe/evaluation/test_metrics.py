"""Metrics against hand-made cases and against the definition's other implementations."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from aepipe.errors import TrainingError
from aepipe.evaluation import metrics
from aepipe.evaluation.metrics import MetricRow, measure_images, mse_per_image, psnr_db, ssim_per_image, summarise


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).random((6, 16, 16, 1), dtype=np.float32)


def test_the_error_of_each_image_is_its_own():
    zeros = np.zeros((3, 2, 2, 1), np.float32)
    outputs = zeros + np.array([0, 0.5, 1], np.float32).reshape(3, 1, 1, 1)
    np.testing.assert_allclose(mse_per_image(zeros, outputs), [0, 0.25, 1])


@pytest.mark.parametrize(("mse", "decibels"), [(1, 0), (0.01, 20), (0.00575, 22.4033)])
def test_psnr_is_ten_times_the_negative_logarithm(mse, decibels):
    assert psnr_db(mse) == pytest.approx(decibels, abs=1e-3)


def test_psnr_of_equal_images_is_infinite():
    assert psnr_db(0) == math.inf


def test_ssim_is_one_for_equal_images_and_falls_with_noise(images):
    noise = np.random.default_rng(1).normal(size=images.shape).astype(np.float32)
    np.testing.assert_allclose(ssim_per_image(images, images), 1)
    little, much = (ssim_per_image(images, images + size * noise) for size in (0.05, 0.5))
    assert (much < little).all()
    assert (little < 1).all()


def test_ssim_is_tensorflows(images):
    tf = pytest.importorskip("tensorflow")
    blurred = (images + np.roll(images, 1, axis=1)) / 2
    expected = tf.image.ssim(tf.constant(images), tf.constant(blurred), max_val=1.0).numpy()
    np.testing.assert_allclose(ssim_per_image(images, blurred), expected, atol=1e-5)


def test_ssim_works_on_images_smaller_than_its_window():
    small = np.random.default_rng(0).random((2, 8, 8, 1))
    np.testing.assert_allclose(ssim_per_image(small, small), 1)
    assert (ssim_per_image(small, 1 - small) < 0.5).all()


def test_a_summary_has_the_whole_and_each_class(images):
    outputs = images.copy()
    outputs[:2] += 0.1
    rows = list(summarise(measure_images(images, outputs), np.array([0, 0, 1, 1, 1, 1]), ("cat", "dog", "none"), 255))
    values = {(row.class_name, row.metric): row.value for row in rows}
    assert values["cat", "mse_per_pixel"] == pytest.approx(0.01, rel=1e-4)
    assert values["dog", "mse_per_pixel"] == 0
    assert values["all", "mse_per_pixel"] == pytest.approx(0.01 / 3, rel=1e-4)
    assert values["all", "mse_in_source_unit"] == pytest.approx(0.01 / 3 * 65025, rel=1e-4)
    assert ("none", "mse_per_pixel") not in values
    intervals = {row.metric: row.interval for row in rows if row.class_name == "all"}
    assert intervals["mse_per_pixel"].low < values["all", "mse_per_pixel"] < intervals["mse_per_pixel"].high
    # The ratio falls where the error rises.
    assert intervals["psnr_db"].low == pytest.approx(psnr_db(intervals["mse_per_pixel"].high))
    assert intervals["num_images"] is None
    # Of so few there is none.
    assert [row.interval for row in rows if row.class_name == "dog"] == [None]


def test_a_number_that_is_none_has_no_place_in_the_table():
    with pytest.raises(ValidationError, match="finite"):
        MetricRow(recipe="r", setting="tuned", evaluation_set="e", metric="mse_per_pixel", value=float("nan"))


def test_batches_change_nothing(images, monkeypatch):
    whole = ssim_per_image(images, images[::-1]), mse_per_image(images, images[::-1])
    monkeypatch.setattr(metrics, "BATCH_IMAGES", 4)
    np.testing.assert_array_equal(whole[0], ssim_per_image(images, images[::-1]))
    np.testing.assert_array_equal(whole[1], mse_per_image(images, images[::-1]))


@pytest.mark.parametrize("measure", [mse_per_image, ssim_per_image])
@pytest.mark.parametrize("value", [np.nan, np.inf])
# Infinity minus infinity, on the way to the error.
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_pixel_that_is_not_finite_is_an_error(images, measure, value):
    broken = images.copy()
    broken[1, 8, 8] = value
    with pytest.raises(TrainingError, match="num_images=6, num_not_finite=1"):
        measure(images, broken)


def test_a_summary_of_equal_images_fits_the_table(images):
    for summary in summarise(measure_images(images, images), None, (), 255):
        summary.row("r", "tuned", "e")


def test_a_class_called_all_is_not_taken_for_the_whole_set(images):
    rows = list(summarise(measure_images(images, images[::-1]), np.array([0, 1, 1, 1, 1, 1]), ("all", "bee"), 1))
    wholes = [row.value for row in rows if (row.class_name, row.metric) == ("all", "mse_per_pixel")]
    assert wholes == [mse_per_image(images, images[::-1]).mean()]
    assert "all (class)" in {row.class_name for row in rows}
