"""Bounds of the likelihood, on a model of which it is known: linear, with normal noise of the pixels."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from aepipe.generation.likelihood import PixelModel, importance_bound, lower_bound

GENERATOR = np.random.default_rng(0)
WEIGHTS = GENERATOR.normal(size=(2, 16))
# The posteriors of its two units do not depend on each other where their weights are orthogonal.
WEIGHTS[1] -= WEIGHTS[0] * (WEIGHTS[0] @ WEIGHTS[1]) / (WEIGHTS[0] @ WEIGHTS[0])
VARIANCE = 0.25
IMAGES = GENERATOR.normal(size=(6, 4, 4, 1))
PIXELS = PixelModel(VARIANCE)


def encode(images, wrong=0.0):
    """The posterior of each code, its means off by some of its deviations."""
    precision = 1 + np.square(WEIGHTS).sum(axis=1) / VARIANCE
    mean = images.reshape(len(images), -1) @ WEIGHTS.T / VARIANCE / precision
    return mean + wrong / np.sqrt(precision), np.broadcast_to(-np.log(precision), mean.shape)


def decode(codes):
    return (codes @ WEIGHTS).reshape(-1, 4, 4, 1)


def likelihood() -> np.ndarray:
    covariance = WEIGHTS.T @ WEIGHTS + VARIANCE * np.eye(16)
    return multivariate_normal(np.zeros(16), covariance).logpdf(IMAGES.reshape(6, -1))


def batches():
    return [IMAGES[:4], IMAGES[4:]]


def test_with_the_posterior_itself_both_bounds_are_the_likelihood():
    bound = lower_bound(batches(), encode, decode, PIXELS, seed=0, num_draws=2000)
    assert bound.elbo == pytest.approx(likelihood().mean(), abs=0.1)
    np.testing.assert_allclose(
        importance_bound(batches(), encode, decode, PIXELS, seed=0, num_draws=3), likelihood(), rtol=1e-5
    )
    assert bound.num_active == 2


def test_with_another_posterior_more_draws_come_nearer_to_the_likelihood():
    def other(images):
        return encode(images, wrong=1.0)

    # Each unit's divergence from the posterior is half of its squared distance.
    bound = lower_bound(batches(), other, decode, PIXELS, seed=0, num_draws=2000)
    assert bound.elbo == pytest.approx(likelihood().mean() - 1, abs=0.1)
    one, many = (importance_bound(batches(), other, decode, PIXELS, 0, draws).mean() for draws in (1, 2000))
    assert one < many == pytest.approx(likelihood().mean(), abs=0.1)


def test_a_loss_means_a_distribution_of_pixels():
    black, grey, white = (np.full((1, 4, 4, 1), value, np.float32) for value in (0, 0.5, 1))
    binary = PixelModel.of("bernoulli-cross-entropy", 1, 16)
    assert binary.log_likelihood(black, grey)[0] == pytest.approx(16 * np.log(0.5))
    assert binary.log_likelihood(white, white)[0] == pytest.approx(0, abs=1e-4)
    half_sum = PixelModel.of("half-sum-of-squares", 1, 16)
    # The constant of 16 normal distributions, and half the sum of squares.
    assert half_sum.log_likelihood(black, white)[0] == pytest.approx(-8 * np.log(2 * np.pi) - 8)
    mean = PixelModel.of("mean-squared-error", 1, 16)
    assert mean.log_likelihood(black, black)[0] - mean.log_likelihood(black, white)[0] == pytest.approx(1, rel=1e-4)


def test_the_same_seed_gives_the_same_bound():
    first, second = (lower_bound(batches(), encode, decode, PIXELS, seed=5).elbo for _ in range(2))
    assert first == second
