"""What is said about codes."""

import numpy as np
import pytest

from aepipe.evaluation.codes import code_statistics, map_codes


def test_sparsity_counts_values_that_are_about_zero():
    codes = np.array([[0, 0, 0.001, 1.0], [0, 0, 0.5, -1.0]])
    statistics = code_statistics(codes)
    assert statistics["code_sparsity"] == pytest.approx(5 / 8)
    assert statistics["code_dead_share"] == pytest.approx(0.5)
    assert statistics["code_mean"] == pytest.approx(codes.mean())


def test_a_map_keeps_groups_together_and_repeats_itself():
    generator = np.random.default_rng(0)
    codes = np.concatenate([generator.normal(size=(30, 5)), generator.normal(size=(30, 5)) + 20])
    points = map_codes(codes, seed=0)
    assert points.shape == (60, 2)
    np.testing.assert_array_equal(points, map_codes(codes, seed=0))
    centres = points[:30].mean(axis=0), points[30:].mean(axis=0)
    assert np.linalg.norm(centres[0] - centres[1]) > points[:30].std(axis=0).max()


@pytest.mark.parametrize("codes", [np.zeros((9, 4)), np.arange(8.0).reshape(4, 2)])
def test_a_map_of_few_or_equal_codes_is_no_error(codes):
    assert map_codes(codes, seed=0).shape == (len(codes), 2)


def test_a_collapsed_code_is_one_point():
    # Units differ from each other, but none of them between images.
    points = map_codes(np.tile(np.linspace(0, 1, 8), (50, 1)), seed=0)
    np.testing.assert_array_equal(points, np.zeros((50, 2)))


@pytest.mark.parametrize(("num_images", "code_size"), [(1, 8), (2, 8), (3, 8), (40, 1), (40, 2)])
def test_tiny_codes_have_a_map(num_images, code_size):
    points = map_codes(np.random.default_rng(0).normal(size=(num_images, code_size)), seed=0)
    assert points.shape == (num_images, 2)
    assert np.isfinite(points).all()
