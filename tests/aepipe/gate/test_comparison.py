"""Two models are compared on the same images: what is told of them is what neither images nor seeds explain."""

import numpy as np
import pytest

from aepipe.evaluation.seeds import SeedSpread
from aepipe.gate.comparison import Terms, compare
from aepipe.gate.incumbent import incumbent_rule
from aepipe.gate.measured import Measured
from aepipe.gate.settings import PublishSettings

NO_SPREAD, FULL = SeedSpread(share=0), SeedSpread(share=0.01)
TERMS = Terms(PublishSettings(), SeedSpread(share=0.01))
IMAGES = np.random.default_rng(0).gamma(2, 0.005, 400)


def errors(share: float, seed: int = 1, images: np.ndarray = IMAGES) -> np.ndarray:
    """Errors of a model that is worse than another by a share; of some images more, of others less."""
    return images * (1 + share) * np.random.default_rng(seed).normal(1, 0.05, len(images))


def decide(new: np.ndarray, old: np.ndarray = IMAGES, spread=FULL, groups=None, behind=0.0, **settings):
    """The rule's result, and what the two came to."""
    chosen = PublishSettings(resamples=400, **settings)
    found = compare(new, old, Terms(chosen, spread, groups, behind))
    measured = Measured("old", float(old.mean()), comparison=found)
    return incumbent_rule(float(new.mean()), measured, chosen, demanded=True), found


@pytest.mark.parametrize(
    ("share", "shown", "passed"),
    [(-0.05, "better", True), (0.0, "no difference", True), (0.022, "no difference", True), (0.05, "worse", False)],
)
def test_only_what_is_shown_to_be_worse_is_held(share, shown, passed):
    rule, found = decide(errors(share))
    assert (found.shown, rule.passed) == (shown, passed)
    assert found.interval.low < share < found.interval.high
    assert f"{abs(found.difference):.1%} {'worse' if found.difference > 0 else 'better'}, 95% interval" in rule.rule
    assert "400 images and seeds that change an error by 1.0%" in rule.rule
    assert found.conclusion in rule.rule


def test_seeds_alone_make_twins_differ_and_hold_no_more_of_them_than_promised():
    """Each seed makes a model better or worse on all images; no number of images tells that from a real change."""
    # Where seven draws of a normal distribution lie.
    draws = 0.02 * np.array([-1.47, -0.79, -0.37, 0, 0.37, 0.79, 1.47])
    twins = [errors(share, seed) for seed, share in enumerate(draws)]
    tries = [(new, old) for new in twins for old in twins if new is not old]
    held = {
        spread: np.mean([not decide(new, old, SeedSpread(share=spread))[0].passed for new, old in tries])
        for spread in (0.0, 0.02)
    }
    assert len(tries) == 42
    assert held[0.0] > 0.2
    assert held[0.02] <= 0.05


def test_a_few_seeds_of_a_sweep_are_trusted_less_than_a_number_that_is_known():
    few, known = (decide(errors(0.0), spread=SeedSpread(share=0.01, num_seeds=n))[1] for n in (3, None))
    assert few.interval.high - few.interval.low > 1.5 * (known.interval.high - known.interval.low)
    assert "as 3 of a sweep did" in str(few)


@pytest.mark.parametrize(("count", "shown"), [(1, "nothing"), (4, "nothing"), (8, "no difference")])
def test_few_images_show_little(count, shown):
    images = IMAGES[:count]
    new = images * np.random.default_rng(2).normal(1, 0.2, count)
    rule, found = decide(new * 1.05 * images.mean() / new.mean(), images)
    assert found.shown == shown
    # Too few for an interval are taken as they are.
    assert rule.passed == (shown == "no difference")


def test_persons_are_drawn_as_persons():
    persons = np.repeat(np.arange(8), 50)
    new = IMAGES * np.random.default_rng(4).normal(1.03, 0.06, 8)[persons]
    alone, together = (decide(new, spread=NO_SPREAD, groups=groups)[1] for groups in (None, persons))
    assert (alone.shown, together.shown) == ("worse", "no difference")
    assert "400 images in 8 groups" in str(together)


def test_the_same_weights_differ_by_nothing_whatever_seeds_do():
    rule, found = decide(IMAGES.copy(), spread=SeedSpread(share=0.5))
    assert (found.difference, found.interval.low, found.interval.high) == (0, 0, 0)
    assert rule.passed
    assert "the same error on every one of 400 images: no difference shown" in rule.rule


def test_where_no_difference_is_shown_the_channel_may_keep_its_own():
    rule, _ = decide(errors(0.0), no_difference="keep")
    assert not rule.passed
    assert rule.rule.endswith("no difference shown; publishing.no_difference is keep.")
    assert decide(errors(-0.05), no_difference="keep")[0].passed
    # Nor does one come in that is worse by less than what is tolerated.
    assert not decide(errors(0.02), spread=NO_SPREAD, no_difference="keep")[0].passed


def test_steps_that_are_not_shown_add_up_until_they_are():
    behind, nights = 0.0, 0
    while nights < 20:
        rule, found = decide(errors(0.02), behind=behind)
        if not rule.passed:
            break
        behind, nights = found.behind_best, nights + 1
    # What is tolerated, and what is not told from chance.
    assert 3 <= nights <= 6
    assert "than the best that the channel has had" in rule.rule
    assert decide(errors(-0.2), behind=behind)[1].behind_best == 0


@pytest.mark.parametrize(("ours", "theirs"), [(np.nan, 0.01), (0.01, np.inf), (0.01, 0.0)])
def test_what_is_not_finite_or_nothing_is_not_compared(ours, theirs):
    assert compare(np.full(9, ours), np.full(9, theirs), TERMS) is None


def test_a_tolerance_may_be_so_large_that_nothing_is_held():
    assert decide(errors(0.4), regression_tolerance=0.5)[0].passed
