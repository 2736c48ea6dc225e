"""What is said about codes."""

import numpy as np
import pytest

from aepipe.evaluation.codes import (
    code_statistics,
    map_codes,
    neighbour_share,
    principal_map,
    probe_accuracy,
    silhouette,
)


def test_sparsity_counts_zeros_and_nothing_else():
    codes = np.array([[0, 0, 0.001, 1.0], [0, 0, 0.5, -1.0]])
    statistics = code_statistics(codes)
    assert statistics["code_zero_share"] == pytest.approx(4 / 8)
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


def clusters(distance: float, size: int = 30):
    """Codes of two classes that are so far apart, and their labels."""
    generator = np.random.default_rng(0)
    labels = np.arange(2 * size) % 2
    return generator.normal(size=(2 * size, 5)) + distance * labels[:, None], labels


def test_classes_that_are_apart_have_a_high_silhouette_and_a_perfect_probe():
    codes, labels = clusters(20)
    assert silhouette(codes, labels) > 0.8
    assert probe_accuracy(codes[:40], labels[:40], codes[40:], labels[40:]) == 1


def test_classes_that_are_mixed_have_neither():
    codes, labels = clusters(0, size=300)
    assert abs(silhouette(codes, labels)) < 0.05
    assert probe_accuracy(codes[:300], labels[:300], codes[300:], labels[300:]) == pytest.approx(0.5, abs=0.15)


def test_neighbours_are_of_the_same_class_as_far_as_classes_are_apart():
    assert neighbour_share(*clusters(20)) == 1
    assert neighbour_share(*clusters(0, size=300)) == pytest.approx(0.5, abs=0.05)
    # Of three of a class two are left to be found.
    assert neighbour_share(np.arange(30.0)[:, None], np.arange(30) // 3) == pytest.approx(0.2)


@pytest.mark.parametrize("codes", [np.zeros((20, 0)), np.ones((10, 2)), np.ones((20, 2))])
def test_without_code_classes_or_ten_others_there_are_no_neighbours(codes):
    labels = np.arange(len(codes)) % 2 if len(codes) == 10 or not codes.size else np.zeros(len(codes), int)
    assert neighbour_share(codes, labels) is None


@pytest.mark.parametrize("labels", [np.zeros(6, int), np.arange(6)])
def test_one_class_or_one_image_a_class_has_no_silhouette(labels):
    assert silhouette(np.random.default_rng(0).normal(size=(6, 3)), labels) is None


def test_a_probe_is_not_asked_for_classes_that_it_never_saw():
    codes, labels = clusters(20)
    assert probe_accuracy(codes, labels, codes, labels + 1) is None
    assert probe_accuracy(codes, 0 * labels, codes, 0 * labels) is None


def test_the_principal_map_keeps_distances_of_a_plane():
    generator = np.random.default_rng(0)
    plane = generator.normal(size=(20, 2))
    codes = plane @ np.linalg.qr(generator.normal(size=(7, 2)))[0].T + 5
    points = principal_map(codes)
    np.testing.assert_allclose(np.linalg.norm(points[3] - points[8]), np.linalg.norm(plane[3] - plane[8]))
    assert principal_map(codes[:1]).shape == (1, 2)
