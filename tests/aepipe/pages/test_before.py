"""A run's models beside those of the release in the channel: what was then, and whether both can be compared."""

import pytest
from releases import describe
from results import done, result

from aepipe.evaluation.intervals import Interval
from aepipe.pages.before import compare_with
from aepipe.stages.outcome import Failed
from aepipe.stages.results import DataResult, EvaluationResult, SplitResult

OLD = "20260101T000000Z-aaaaaa"
INTERVAL = Interval(low=0.009, high=0.011)
THEN = {
    "verdict": "first",
    "origin": OLD,
    "recipe": "mnist-dense",
    "mse_per_pixel": 0.008,
    "images_sha256": "a" * 64,
    "test_rows_sha256": "b" * 64,
    "intervals": {"mse_per_pixel": {"low": 0.007, "high": 0.009}},
}


def compared(images: str = "a" * 64, **then):
    manifest = describe(OLD, {"models/mnist-dense/model.keras": b""}, recipes={"mnist-dense": {**THEN, **then}})
    now = done(
        "mnist-dense",
        data=result(DataResult, images_sha256=images),
        split=result(SplitResult, test_sha256="b" * 64),
        evaluated=result(EvaluationResult, intervals={"mse_per_pixel": INTERVAL}),
    )
    return list(compare_with(manifest, [now, Failed(recipe="mnist-subclassed", setting="tuned", error="no")]))


def test_a_model_has_its_error_then_and_now_with_both_intervals():
    (found,) = compared()
    assert (found.release, found.then, found.now) == (OLD, 0.008, 0.01)
    assert found.change == pytest.approx(0.25)
    assert found.then_interval == Interval(low=0.007, high=0.009)
    assert found.now_interval == INTERVAL


def test_errors_of_other_images_are_no_change():
    assert compared(images="c" * 64)[0].change is None


def test_a_release_that_says_nothing_of_the_error_is_not_compared_with():
    assert compared(mse_per_pixel=None) == []


def test_an_older_release_has_no_intervals():
    assert compared(intervals=None)[0].then_interval is None
