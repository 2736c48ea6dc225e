"""Baselines against independent computations."""

import numpy as np
import pytest
from scipy.fft import idctn
from sklearn.linear_model import Ridge, RidgeCV
from smooth_images import smooth_images

from aepipe import linear
from aepipe.evaluation import baselines
from aepipe.evaluation.baselines import FrequencyFilter, LinearDenoiser, RidgeMap
from aepipe.evaluation.metrics import mse_per_image
from aepipe.linear import PrincipalComponents
from aepipe.noise import NoiseSpec, corrupt


@pytest.mark.parametrize("level", [0.05, 0.2, 0.8])
def test_the_linear_denoiser_is_the_ridge_regression_that_leaves_out_each_row_best(level):
    images, spec = smooth_images(300), NoiseSpec(kind="gaussian", level=level)
    ids = np.arange(300)
    noisy = corrupt(images, spec, 0, ids).reshape(300, -1) / 255
    alphas = np.array(baselines.RIDGE_STRENGTHS) * noisy.var(axis=0).mean() * 300
    best = RidgeCV(alphas).fit(noisy, images.reshape(300, -1))
    denoised = LinearDenoiser.fit(images, ids, spec, 0).denoise(noisy.reshape(images.shape).astype(np.float32))
    expected = Ridge(best.alpha_).fit(noisy, images.reshape(300, -1)).predict(noisy)
    np.testing.assert_allclose(denoised.reshape(300, -1), expected, atol=1e-3)


def test_the_linear_denoiser_beats_doing_nothing():
    images, spec = smooth_images(500), NoiseSpec(kind="gaussian", level=0.2)
    test_ids = np.arange(400, 500)
    noisy = corrupt(images[400:], spec, 0, test_ids).astype(np.float32) / 255
    denoised = LinearDenoiser.fit(images[:400], np.arange(400), spec, 0).denoise(noisy)
    assert mse_per_image(images[400:], denoised).mean() < 0.5 * mse_per_image(images[400:], noisy).mean()


@pytest.mark.parametrize("num_images", [1, 10, 100])
def test_pca_of_equal_images_gives_them_back(num_images):
    images = np.repeat(smooth_images(5)[:1], num_images, axis=0)
    np.testing.assert_allclose(PrincipalComponents.fit(images, 3).reconstruct(images), images, atol=1e-5)


@pytest.mark.parametrize("num_images", [300, 20])
@pytest.mark.parametrize("strength", [1e-3, 1.0])
def test_every_strength_is_that_ridge_regression(num_images, strength):
    inputs, targets = np.random.default_rng(0).random((2, num_images, 36), np.float32)
    denoiser = baselines._Regression.of(inputs, targets).solve(strength)
    expected = Ridge(strength * inputs.var(axis=0).mean() * num_images).fit(inputs.astype(np.float64), targets)
    np.testing.assert_allclose(denoiser.denoise(inputs), expected.predict(inputs), atol=1e-3)


def test_few_noisy_images_take_a_strong_ridge(monkeypatch):
    images, spec = smooth_images(140), NoiseSpec(kind="gaussian", level=0.4)
    noisy = corrupt(images, spec, 0, np.arange(140)) / np.float32(255)

    def error() -> float:
        ridge = RidgeMap.fit(noisy[:40], images[:40])
        return float(np.mean(np.square(ridge.denoise(noisy[40:]) - images[40:])))

    strong = error()
    monkeypatch.setattr(baselines, "RIDGE_STRENGTHS", (1e-4, 1e-3))
    assert strong < 0.9 * error()


@pytest.mark.parametrize("kind", ["gaussian", "dropout"])
def test_with_few_images_the_linear_map_beats_ridge_regression_and_a_projection_on_pca(kind):
    generator = np.random.default_rng(0)
    frequency = np.add.outer(np.arange(16), np.arange(16))[..., None]
    drawn = generator.standard_normal((120, 16, 16, 1)) / (1 + frequency)
    images = np.clip(0.5 + idctn(drawn, axes=(1, 2), norm="ortho") / 2, 0, 1).astype(np.float32)
    spec, ids = NoiseSpec(kind=kind, level=0.2), np.arange(120)
    noisy = corrupt(images, spec, 0, ids) / np.float32(255)
    train, test = slice(0, 60), slice(60, 120)
    found = LinearDenoiser.fit(images[train], ids[train], spec, 0).mse(noisy[test], images[test])
    ridge = RidgeMap.fit(noisy[train], images[train]).denoise(noisy[test])
    projections = [PrincipalComponents.fit(images[train], size).reconstruct(noisy[test]) for size in (8, 16, 32, 59)]
    others = [float(np.mean(np.square(other - images[test]))) for other in (ridge, noisy[test], *projections)]
    assert found < 0.9 * min(others)


def test_with_few_images_that_few_patterns_make_a_regression_helps_the_filter():
    generator = np.random.default_rng(0)
    # Three patterns at places of their own, which a filter that treats all places alike can't know.
    patterns, weights = generator.random((3, 8, 8, 1)), generator.dirichlet(np.ones(3), 200)
    images = np.einsum("nk,khwc->nhwc", weights, patterns).astype(np.float32)
    noisy = np.clip(images + generator.normal(0, 0.2, images.shape), 0, 1).astype(np.float32)
    train, test = slice(0, 100), slice(100, 200)
    found = LinearDenoiser.fit_pairs(noisy[train], images[train]).mse(noisy[test], images[test])
    alone = FrequencyFilter.fit(noisy[train], images[train]).denoise(noisy[test])
    assert found < 0.8 * float(np.mean(np.square(alone - images[test])))


@pytest.mark.parametrize("count", [1, 9])
def test_too_few_images_to_leave_any_out_still_give_a_denoiser(count):
    images, spec = smooth_images(10), NoiseSpec(kind="gaussian", level=0.2)
    denoised = LinearDenoiser.fit(images[:count], np.arange(count), spec, 0).denoise(images)
    assert np.isfinite(denoised).all()


@pytest.mark.parametrize("count", [30, 50])
def test_black_images_stay_black(count):
    black, spec = np.zeros((count, 6, 6, 1), np.float32), NoiseSpec(kind="dropout", level=0.2)
    np.testing.assert_array_equal(LinearDenoiser.fit(black, np.arange(count), spec, 0).denoise(black), black)


def test_large_images_take_few_rows_evenly_spaced(monkeypatch):
    seen = []
    monkeypatch.setattr(linear, "LARGE_IMAGE_VALUES", 35)
    monkeypatch.setattr(linear, "MAX_LARGE_ROWS", 12)
    monkeypatch.setattr(baselines, "corrupt", lambda images, *rest: seen.append(rest[-1]) or corrupt(images, *rest))
    LinearDenoiser.fit(smooth_images(100), np.arange(100), NoiseSpec(kind="gaussian", level=0.2), 0)
    assert list(seen[0]) == [0, 9, 18, 27, 36, 45, 54, 63, 72, 81, 90, 99]
