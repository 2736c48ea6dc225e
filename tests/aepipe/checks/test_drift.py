"""Drift: nothing is found between two halves of one thing, and what differs is told from chance."""

import numpy as np
import pytest

from aepipe.checks.drift import mean_discrepancy, stability_index

GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize(("num_before", "num_new"), [(5000, 20), (300, 100), (20, 20)])
def test_chance_alone_rarely_looks_like_a_drift(num_before, num_new):
    drifts = [stability_index(GENERATOR.normal(size=num_before), GENERATOR.normal(size=num_new)) for _ in range(500)]
    # Small samples come to large indices, which is why the p-value is asked, too.
    assert np.mean([drift.p_value < 0.001 for drift in drifts]) <= 0.006


def test_the_index_is_that_of_the_textbook():
    """Ten bins of equal shares of the reference; the new values lie in the upper five alone."""
    before, new = np.arange(1000.0), np.repeat(np.arange(500.0, 1000.0), 2)
    shares = np.array([0.5] * 5 + [200.5] * 5) / 1005
    assert stability_index(before, new).size == pytest.approx(((shares - 0.1) * np.log(shares / 0.1)).sum(), rel=1e-3)


def test_a_shift_is_found_by_twenty_values():
    before, new = GENERATOR.normal(size=1000), GENERATOR.normal(3, size=20)
    drift = stability_index(before, new)
    assert drift.size > 0.25
    assert drift.p_value < 0.001


def test_values_that_are_all_equal_have_not_drifted_from_their_like():
    assert stability_index(np.zeros(50), np.zeros(30)).size < 0.01
    assert stability_index(np.zeros(50), np.ones(30)).size > 0.25
    assert stability_index(np.zeros(50), np.full(30, -1.0)).size > 0.25


def test_codes_of_one_distribution_are_told_from_shifted_ones():
    before = GENERATOR.normal(size=(200, 16))
    same = mean_discrepancy(before, GENERATOR.normal(size=(60, 16)))
    shifted = mean_discrepancy(before, GENERATOR.normal(1, size=(60, 16)))
    assert same.size < 0.02
    assert same.p_value > 0.01
    assert shifted.size > 0.1
    assert shifted.p_value == pytest.approx(1 / 2000)


def test_the_discrepancy_is_the_unbiased_estimate():
    """Computed here pair by pair."""
    before, new = GENERATOR.normal(size=(7, 3)), GENERATOR.normal(1, size=(5, 3))
    codes = np.concatenate([before, new])
    squares = ((codes[:, None] - codes[None]) ** 2).sum(axis=-1)
    kernel = np.exp(-squares / np.median(squares[np.triu_indices(12, 1)]))
    within = [kernel[:7, :7], kernel[7:, 7:]]
    expected = sum((k.sum() - len(k)) / (len(k) * (len(k) - 1)) for k in within) - 2 * kernel[:7, 7:].mean()
    assert mean_discrepancy(before, new).size == pytest.approx(expected)


def test_equal_codes_are_no_error():
    assert mean_discrepancy(np.zeros((5, 2)), np.zeros((4, 2))).p_value == 1
