"""Training from noisy images alone: hidden pixels, and the loss on them."""

import numpy as np
import pytest

from aepipe.evaluation.hidden import hidden_errors, hide_held_out, mean_of_neighbours
from aepipe.evaluation.subject import predict
from aepipe.models import build
from aepipe.models.layers import BlindSpot
from aepipe.models.options import DenseOptions
from aepipe.noise import hide
from aepipe.training.batches import Pixels
from aepipe.training.settings import CorruptionSettings, TrainingSettings
from aepipe.training.trainer import Trainer


def waves(count: int) -> np.ndarray:
    """Return smooth images, (count, 10, 10, 1), of four amplitudes each."""
    y, x = np.mgrid[:10, :10] / 10
    parts = np.stack([np.cos(np.pi * y), np.cos(np.pi * x), np.cos(np.pi * (x + y)), np.cos(np.pi * (x - y))])
    amplitudes = np.random.default_rng(0).uniform(-0.11, 0.11, (count, 4))
    return (0.5 + np.tensordot(amplitudes, parts, 1)).astype(np.float32)[..., None]


CLEAN = waves(1500)
NOISY = np.clip(CLEAN + np.random.default_rng(1).normal(0, 0.15, CLEAN.shape), 0, 1).astype(np.float32)
SETTINGS = TrainingSettings(
    learning_rate=0.01, batch_size=100, epochs=40, corruption=CorruptionSettings(kind="blind-spot", level=0.2)
)


def by_layer(images, share, number):
    drawn = np.asarray(BlindSpot(share, seed=number)(images, training=True))
    return drawn[..., :-1], drawn[..., -1:] > 0


def by_noise(images, share, number):
    return hide(images, share, number, np.arange(len(images)))


@pytest.mark.parametrize("hiding", [by_layer, by_noise])
@pytest.mark.parametrize("shape", [(9, 7, 1), (4, 4, 3)])
def test_a_hidden_pixel_is_one_of_those_around_it_and_never_itself(hiding, shape):
    """Every pixel of an image has a value of its own."""
    height, width, channels = shape
    places = np.arange(height * width, dtype=np.float32).reshape(height, width, 1).repeat(channels, -1)
    images = np.stack([places] * 200)
    found, hidden = hiding(images, 0.3, 1)
    np.testing.assert_array_equal(found[~hidden[..., 0]], images[~hidden[..., 0]])
    here, there = images[hidden[..., 0]][:, 0].astype(int), found[hidden[..., 0]][:, 0].astype(int)
    steps = np.stack([there // width - here // width, there % width - here % width])
    assert (steps != 0).any(axis=0).all()
    # At edges it goes the other way, so in small images a little farther.
    assert np.abs(steps).max() == 2
    assert hidden.mean() == pytest.approx(0.3, abs=0.02)
    again, _ = hiding(images, 0.3, 1)
    np.testing.assert_array_equal(again, found)


def test_it_learns_to_remove_noise_that_it_never_sees_removed():
    """The model is nearer to clean images than to the noisy ones that were its targets."""
    options = DenseOptions(hidden_widths=(), code_size=4)
    autoencoder = build(options, (10, 10, 1), seed=0)
    train, held_out = Pixels(NOISY[:1200], (0, 1)), Pixels(NOISY[1200:], (0, 1))
    trained = Trainer(autoencoder, train, held_out, SETTINGS).run()
    denoised = predict(autoencoder.model, NOISY[1200:])
    nothing, error = (np.mean((images - CLEAN[1200:]) ** 2) for images in (NOISY[1200:], denoised))
    assert error < 0.3 * nothing
    inputs, targets, hidden = hide_held_out(NOISY[1200:], 0.2, np.arange(len(NOISY) - 1200))
    by_model, by_mean = (
        hidden_errors(targets, guess, hidden).mean()
        for guess in (predict(autoencoder.model, inputs), mean_of_neighbours(inputs))
    )
    assert by_model < by_mean
    # The loss is that of hidden pixels, too.
    assert trained.kept.validation_mse == pytest.approx(by_model, rel=0.1)


def test_the_mean_of_neighbours_leaves_the_pixel_out():
    images = np.zeros((1, 5, 5, 1))
    images[0, 2, 2] = 8
    means = mean_of_neighbours(images)[0, ..., 0]
    assert means[2, 2] == 0
    assert means[1:4, 1:4].sum() == 8
