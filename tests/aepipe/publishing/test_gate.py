"""The gate decides by rules, and always says why."""

import pytest

from aepipe.publishing.gate import judge
from aepipe.stages.outcome import Outcome, summarise_failures
from aepipe.store.stages import StageResult

GOOD = {
    "mse_per_pixel": 0.01,
    "mean_image_mse_per_pixel": 0.07,
    "collapsed": False,
    "code_standard_deviation": 0.5,
}


def outcome(**facts) -> Outcome:
    evaluated = StageResult(stage="evaluate", fingerprint="f", files={}, facts={**GOOD, **facts}, seconds=1)
    return Outcome(recipe="faces-conv", setting="published", evaluated=evaluated)


def test_a_good_recipe_is_promoted_with_every_rule_and_its_figures():
    verdict = judge(outcome())
    assert verdict.verdict == "promoted"
    assert len(verdict.rules) == 3
    assert all(rule.passed and rule.figures for rule in verdict.rules)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"collapsed": True}, "has not collapsed"),
        ({"mse_per_pixel": 0.08}, "than the mean image does"),
        ({"mse_per_pixel": 0.07}, "than the mean image does"),
    ],
)
def test_a_recipe_that_breaks_a_rule_is_held_with_the_reason(facts, reason):
    verdict = judge(outcome(**facts))
    assert verdict.verdict == "held"
    assert reason in verdict.reason
    assert [rule.passed for rule in verdict.rules].count(False) == 1


def test_a_failed_recipe_is_told_as_failed():
    failed = Outcome(recipe="faces-conv", setting="tuned", error="A loss must stay finite.")
    verdict = judge(failed)
    assert (verdict.verdict, verdict.reason) == ("failed", "A loss must stay finite.")
    assert summarise_failures([outcome(), failed]) == "1 failed: faces-conv (A loss must stay finite.)."
    assert summarise_failures([outcome()]) == ""
