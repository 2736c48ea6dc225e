"""The losses beside what they are defined by, in the unit that settings choose."""

import numpy as np
import pytest

from aepipe.evaluation.curves import curve_names
from aepipe.evaluation.metrics import mse_per_image, ssim_per_image
from aepipe.generation.likelihood import PixelModel
from aepipe.models.options import DenseOptions
from aepipe.training.losses import LOSSES, UNITS, loss_of, mse_beside
from aepipe.training.runtime import tf
from aepipe.training.settings import LIKELIHOODS, TrainingSettings

GENERATOR = np.random.default_rng(0)
# The first is narrower than SSIM's window.
SHAPES = [(4, 8, 8, 1), (3, 17, 24, 3)]


def pair_of(shape) -> tuple[np.ndarray, np.ndarray]:
    targets = GENERATOR.random(shape, np.float32)
    return targets, np.clip(targets + GENERATOR.normal(0, 0.2, shape), 0, 1).astype(np.float32)


def loss(pair, **chosen) -> float:
    return float(loss_of(TrainingSettings(**chosen))(*pair))


@pytest.mark.parametrize("unit", [1, 255])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_loss_ssim_is_what_the_metric_leaves_to_1(shape, unit):
    pair = pair_of(shape)
    assert loss(pair, loss="ssim", loss_unit=unit) == pytest.approx(1 - ssim_per_image(*pair).mean(), abs=1e-5)


def test_ssim_is_mixed_with_the_squared_error():
    pair = pair_of(SHAPES[1])
    expected = 0.3 * (1 - ssim_per_image(*pair).mean()) + 0.7 * mse_per_image(*pair).mean()
    assert loss(pair, loss="ssim", ssim_share=0.3) == pytest.approx(expected, abs=1e-5)
    options = DenseOptions(hidden_widths=(24,), code_size=8)
    names = curve_names(TrainingSettings(loss="ssim", ssim_share=0.3), options, has_validation=True)
    assert names.unit == "loss: 0.3 (1 - SSIM) + 0.7 MSE"


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_a_unit_and_a_gradient_and_is_least_for_equal_images(name):
    targets, reconstructions = (tf.constant(images) for images in pair_of(SHAPES[0]))
    chosen = loss_of(TrainingSettings(loss=name))
    with tf.GradientTape() as tape:
        tape.watch(reconstructions)
        value = chosen(targets, reconstructions)
    assert np.isfinite(tape.gradient(value, reconstructions)).all()
    assert float(chosen(targets, targets)) < float(value)
    assert UNITS[name]


@pytest.mark.parametrize("unit", [1, 255])
@pytest.mark.parametrize("name", LOSSES)
def test_the_error_beside_a_loss_is_per_pixel_in_0_to_1(name, unit):
    pair, settings = pair_of(SHAPES[1]), TrainingSettings(loss=name, loss_unit=unit)
    value = loss_of(settings)(*pair)
    assert float(mse_beside(value, *pair, settings)) == pytest.approx(mse_per_image(*pair).mean(), rel=1e-5)


def test_absolute_errors_and_hubers():
    targets = np.zeros((1, 2, 2, 1), np.float32)
    pair = targets, np.float32([0.05, 0.1, 0.5, 0]).reshape(targets.shape)
    assert loss(pair, loss="mean-absolute-error", loss_unit=255) == pytest.approx(255 * 0.65 / 4)
    squares = [0.05**2 / 2, 0.1**2 / 2, 0.1 * (0.5 - 0.05), 0]
    assert loss(pair, loss="huber") == pytest.approx(np.mean(squares))
    assert loss(pair, loss="huber", loss_unit=255) == pytest.approx(255**2 * np.mean(squares)), "delta is of [0, 1]"


def test_a_likelihood_has_a_distribution_of_its_pixels():
    assert {name for name in LOSSES if name in LIKELIHOODS} == set(LIKELIHOODS)
    assert all(PixelModel.of(name, 1, 64) for name in LIKELIHOODS)
