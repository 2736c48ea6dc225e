"""The gate decides by rules, and always says why."""

import math

import pytest
from results import done, result

from aepipe.gate.measured import Measured
from aepipe.gate.rules import Demands, is_sound, judge
from aepipe.gate.settings import PublishSettings
from aepipe.stages.outcome import Done, Failed, summarise_failures
from aepipe.stages.results import EvaluationResult

GOOD = {
    "mse_per_pixel": 0.01,
    "pca_mse_per_pixel": 0.02,
    "mean_image_mse_per_pixel": 0.07,
    "collapsed": False,
    "code_standard_deviation": 0.5,
}
DENOISER = {"denoised_mse_per_pixel": 0.02, "linear_mse_per_pixel": 0.03, "noisy_mse_per_pixel": 0.05}
ALL = Demands(baselines=True, incumbent=True)
OLD = Measured("20260101T000000Z-a", 0.0101)


def outcome(**facts) -> Done:
    return done("faces-conv", "published", evaluated=result(EvaluationResult, **{**GOOD, **facts}))


def decide(incumbent=OLD, reloaded=0.01, demands=ALL, settings=PublishSettings(), **facts):  # noqa: B008
    return judge(outcome(**facts), Measured("new", reloaded), incumbent, demands, settings)


def test_a_good_recipe_is_promoted_with_every_rule_and_its_figures():
    verdict = decide()
    assert (verdict.verdict, verdict.passes, verdict.reason) == ("promoted", True, "Every rule holds.")
    assert len(verdict.rules) == 6
    assert all(rule.passed and rule.figures for rule in verdict.rules)


@pytest.mark.parametrize(
    ("found", "least", "verdict", "reason"),
    [
        (0.97, 0.95, "promoted", "Every rule holds."),
        (0.94, 0.95, "held", "an AUROC of at least 0.95. (auroc 0.94"),
        (None, 0.95, "held", "It was not measured: no held-out image is anomalous."),
        (0.5, None, "promoted", "Every rule holds."),
    ],
)
def test_an_auroc_may_be_demanded(found, least, verdict, reason):
    facts = {} if found is None else {"auroc": found, "pca_auroc": 0.9}
    decided = decide(settings=PublishSettings(demand_auroc=least), **facts)
    assert decided.verdict == verdict
    assert reason in decided.reason


def test_a_recipe_that_the_channel_has_no_model_of_is_the_first():
    verdict = decide(incumbent=None)
    assert (verdict.verdict, verdict.passes) == ("first", True)
    assert "no model of it to compare with" in verdict.reason


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"collapsed": True}, "has not collapsed"),
        ({"mean_image_mse_per_pixel": 0.009}, "than the mean image does"),
        ({"mean_image_mse_per_pixel": 0.01}, "than the mean image does"),
        ({"pca_mse_per_pixel": 0.01}, "beats PCA at the same code size"),
        ({"reloaded": 0.0101}, "come to the same error"),
        ({"reloaded": math.nan}, "come to the same error"),
        ({"incumbent": Measured("20260101T000000Z-a", 0.0097)}, "2% worse than the model of 20260101T000000Z-a"),
        ({"incumbent": Measured("20260101T000000Z-a", math.nan, "Its images are 8x8x1.")}, "Its images are 8x8x1."),
        ({**DENOISER, "reloaded": 0.02, "incumbent": None, "linear_mse_per_pixel": 0.02}, "the best linear map"),
        ({**DENOISER, "reloaded": 0.02, "incumbent": None, "noisy_mse_per_pixel": 0.02}, "doing nothing"),
    ],
)
def test_a_recipe_that_breaks_a_rule_is_held_with_the_reason(facts, reason):
    verdict = decide(**facts)
    assert (verdict.verdict, verdict.passes) == ("held", False)
    assert reason in verdict.reason
    assert [rule.passed for rule in verdict.rules].count(False) == 1


def test_a_denoiser_is_judged_on_noisy_input():
    verdict = decide(**DENOISER, reloaded=0.02, incumbent=Measured("old", 0.0201), pca_mse_per_pixel=0.0001)
    assert verdict.verdict == "promoted"


def test_tolerances_are_the_settings():
    worse = Measured("old", 0.008)
    assert decide(incumbent=worse).verdict == "held"
    assert decide(incumbent=worse, settings=PublishSettings(regression_tolerance=0.5)).verdict == "promoted"
    assert decide(reloaded=0.0101, settings=PublishSettings(reload_tolerance=0.05)).verdict == "promoted"


def test_a_rule_that_is_not_demanded_is_told_and_holds_nothing_back():
    verdict = decide(demands=Demands(baselines=False, incumbent=True), pca_mse_per_pixel=0.001)
    assert verdict.verdict == "promoted"
    assert "Not demanded, and broken: The model beats PCA at the same code size. (error " in verdict.reason
    assert [rule.demanded for rule in verdict.rules if not rule.passed] == [False]


@pytest.mark.parametrize(
    ("setting", "preset", "chosen", "baselines", "incumbent"),
    [
        ("tuned", "full", None, True, True),
        ("published", "full", None, False, True),
        ("tuned", "quick", None, False, False),
        ("published", "full", True, True, True),
        ("tuned", "full", False, False, True),
    ],
)
def test_what_is_demanded_of_whom(setting, preset, chosen, baselines, incumbent):
    demands = Demands.of(setting, preset, PublishSettings(demand_baselines=chosen))
    assert (demands.baselines, demands.incumbent) == (baselines, incumbent)


def test_a_failed_recipe_is_told_as_failed():
    failed = Failed(recipe="faces-conv", setting="tuned", error="A loss must stay finite.")
    verdict = judge(failed, None, None, ALL, PublishSettings())
    assert (verdict.verdict, verdict.reason) == ("failed", "A loss must stay finite.")
    assert summarise_failures([outcome(), failed]) == "1 failed: faces-conv (A loss must stay finite.)."
    assert summarise_failures([outcome()]) == ""
    assert not is_sound(failed)


def test_demonstrations_have_a_channel_of_their_own():
    assert [PublishSettings().channel_for(preset) for preset in ("full", "quick")] == ["production", "demonstration"]
    assert PublishSettings(channel="mine").channel_for("quick") == "mine"


def test_the_strongest_baseline_is_the_one_to_beat():
    verdict = decide(patch_pca_mse_per_pixel=0.008, dct_mse_per_pixel=0.009)
    assert verdict.verdict == "held"
    assert "The model beats PCA of patches at the same code size, the strongest of 3 baselines." in verdict.reason
    (rule,) = [rule for rule in verdict.rules if not rule.passed]
    assert rule.figures == {
        "error": 0.01,
        "pca_mse_per_pixel": 0.02,
        "patch_pca_mse_per_pixel": 0.008,
        "dct_mse_per_pixel": 0.009,
    }


BLIND = {"hidden_mse_per_pixel": 0.04, "neighbours_mse_per_pixel": 0.05}


def test_a_model_of_noisy_images_alone_is_judged_by_their_hidden_pixels():
    """Its error against the noisy images says nothing, and PCA copies more of the noise than it does."""
    facts = {**BLIND, "mse_per_pixel": 0.03}
    verdict = decide(incumbent=Measured(OLD.release, 0.0401), reloaded=0.04, **facts)
    assert (verdict.verdict, verdict.reason) == ("promoted", "Every rule holds.")
    assert {"error": 0.04, "neighbours_mse_per_pixel": 0.05} in [rule.figures for rule in verdict.rules]
    verdict = decide(incumbent=None, reloaded=0.06, **{**facts, "hidden_mse_per_pixel": 0.06})
    assert verdict.verdict == "held"
    assert "The model beats the mean of a hidden pixel's neighbours." in verdict.reason
