"""Intervals say how far a mean over images, or a difference of two models on the same images, can be trusted."""

import numpy as np
import pytest

from aepipe.evaluation.bootstrap import MAX_UNITS, MIN_UNITS, bootstrap_interval
from aepipe.evaluation.intervals import Interval


def errors_of(count: int, seed: int = 0) -> np.ndarray:
    """Errors as models have them: most images are easy, some are not."""
    return np.random.default_rng(seed).gamma(2, 0.005, count)


def width(interval: Interval) -> float:
    return interval.high - interval.low


def test_the_interval_of_a_mean_is_that_of_its_standard_error():
    errors = errors_of(400)
    found = bootstrap_interval(errors)
    deviation = errors.std() / np.sqrt(len(errors))
    assert (found.low + found.high) / 2 == pytest.approx(errors.mean(), rel=0.01)
    assert width(found) == pytest.approx(2 * 1.96 * deviation, rel=0.1)
    assert width(bootstrap_interval(errors, confidence=0.5)) < width(found) / 2
    assert bootstrap_interval(errors) == found
    assert bootstrap_interval(errors, seed=1) != found


@pytest.mark.parametrize("count", [MIN_UNITS, 20])
def test_intervals_of_few_images_hold_the_true_mean_nearly_as_often_as_they_promise(count):
    found = [bootstrap_interval(errors_of(count, seed), num_resamples=400) for seed in range(200)]
    assert np.mean([each.low <= 0.01 <= each.high for each in found]) > 0.85


def test_images_of_one_person_tell_less_than_those_of_as_many_strangers():
    persons = np.repeat(np.arange(20), 10)
    errors = errors_of(20)[persons] + errors_of(200, 1) / 10
    alone, together = bootstrap_interval(errors), bootstrap_interval(errors, persons)
    assert width(together) > 2 * width(alone)
    # Each by itself is a group of one.
    assert bootstrap_interval(errors, np.arange(200)) == alone


def test_a_difference_on_the_same_images_is_told_where_the_images_themselves_differ_much_more():
    reference = errors_of(200)
    worse = reference * (1.02 + 0.01 * np.random.default_rng(2).standard_normal(200))
    found = bootstrap_interval(worse, reference=reference)
    assert 0.015 < found.low < 0.02 < found.high < 0.025
    assert bootstrap_interval(reference, reference=worse).high < 0
    # What else makes the difference vary widens it.
    wider = bootstrap_interval(worse, reference=reference, spread=0.05)
    assert width(wider) == pytest.approx(2 * 1.96 * 0.05, rel=0.1)


def test_the_same_errors_differ_by_exactly_nothing():
    assert bootstrap_interval(errors_of(50), reference=errors_of(50)) == Interval(low=0, high=0)


def test_more_images_than_are_drawn_of_are_bundled():
    errors = np.sort(errors_of(3 * MAX_UNITS))
    deviation = errors.std() / np.sqrt(len(errors))
    found = bootstrap_interval(errors, num_resamples=500)
    assert width(found) == pytest.approx(2 * 1.96 * deviation, rel=0.15)


@pytest.mark.parametrize(
    ("errors", "options"),
    [
        (errors_of(1), {}),
        (errors_of(MIN_UNITS - 1), {}),
        (errors_of(40), {"groups": np.arange(40) % (MIN_UNITS - 1)}),
        (np.array([0.1, 0.2, np.nan, 0.3, 0.4]), {}),
        (errors_of(9), {"reference": np.zeros(9)}),
        (errors_of(9), {"reference": np.full(9, np.inf)}),
        (np.empty(0), {}),
    ],
)
def test_where_nothing_can_be_told_there_is_no_interval(errors, options):
    assert bootstrap_interval(errors, **options) is None
