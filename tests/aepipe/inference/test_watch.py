"""Watching: it is told what is over and not by chance, as often as was promised, and what can't be told."""

import numpy as np
import pytest

from aepipe.inference.watch import Sampled, Verdicts, WatchSettings, chance_of_alarms, watch

SETTINGS = WatchSettings()


def pictures(seed: int, count: int, shift: float = 0.0) -> Sampled:
    """Normal ones, or with measures and codes that have moved by so many standard deviations."""
    generator = np.random.default_rng(seed)
    scores = {"mse": generator.normal(size=count) + shift}
    # Permutations of few codes take little time.
    codes = generator.normal(size=(min(count, 50), 4)) + shift
    return Sampled(scores, {"brightness": generator.normal(size=count) + shift, "codes": codes})


def verdicts(num_alarms: int, num_pictures: int, rate: float = 0.01) -> Verdicts:
    return Verdicts(num_pictures, num_unreadable=1, num_alarms=num_alarms, rate=rate)


def test_pictures_like_the_held_out_ones_are_over_nothing():
    found = watch(verdicts(2, 200), pictures(1, 200), pictures(2, 400), SETTINGS)
    assert {fact.name: fact.is_over for fact in found.drift} == {"mse": False, "brightness": False, "codes": False}
    assert (found.is_over("alarms"), found.is_over("drift")) == (False, False)
    assert found.describe("drift") == "No drift."
    assert found.describe("alarms").startswith("2 alarms in 200 pictures, 1% where 1% is promised, p = ")
    spread = found.spreads["mse"]
    assert spread.new[0] < spread.new[1] < spread.new[2]


def test_pictures_that_have_moved_are_over_and_say_by_how_much():
    found = watch(verdicts(60, 200), pictures(1, 200, shift=1.5), pictures(2, 400), SETTINGS)
    assert (found.is_over("alarms"), found.is_over("drift")) == (True, True)
    assert {fact.name for fact in found.drifted} == {"mse", "brightness", "codes"}
    brightness = next(fact for fact in found.drifted if fact.name == "brightness")
    assert brightness.line.startswith("brightness 0.5")
    assert "limit 0.2, p under 0.0001 (median 1." in brightness.line
    assert found.describe("alarms") == "60 alarms in 200 pictures, 30% where 1% is promised, p under 0.0001."


def test_what_is_certain_and_small_is_not_over():
    found = watch(verdicts(50, 5000), pictures(1, 5000, shift=0.2), pictures(2, 5000), SETTINGS)
    brightness = next(fact for fact in found.drift if fact.name == "brightness")
    assert brightness.p_value < SETTINGS.false_alarms
    assert found.is_over("drift") is False


def test_with_few_pictures_nothing_is_told_but_what_can_be():
    few = watch(verdicts(0, 19), pictures(1, 19, shift=3), pictures(2, 400), SETTINGS)
    assert (few.is_over("alarms"), few.is_over("drift")) == (None, None)
    assert few.drift[0].says == "19 pictures of this run, too few to tell: that takes 20"
    assert few.describe("drift") == "Drift can't be told."
    assert watch(verdicts(5, 5), pictures(1, 5), pictures(2, 400), SETTINGS).is_over("alarms") is True


def test_a_release_that_does_not_say_it_is_no_release_without_drift():
    reference = Sampled({"mse": pictures(2, 400).scores["mse"]}, {})
    found = watch(verdicts(0, 100), pictures(1, 100, shift=3), reference, SETTINGS)
    told = {fact.name: fact.is_over for fact in found.drift}
    assert told == {"mse": True, "brightness": None, "codes": None}
    assert found.drift[1].says == "the release does not say it of its held-out pictures"


def test_p_values_are_of_all_measures_together():
    new, reference = pictures(1, 100, shift=0.3), pictures(2, 400)
    alone = watch(verdicts(0, 100), Sampled(new.scores, {}), reference, SETTINGS).drift[0]
    together = watch(verdicts(0, 100), new, reference, SETTINGS).drift[0]
    assert together.p_value == pytest.approx(min(1.0, 3 * alone.p_value))


@pytest.mark.parametrize(("num_reference", "num_new"), [(30, 25), (300, 25), (300, 300)])
def test_normal_pictures_are_over_as_seldom_as_was_asked_for(num_reference, num_new):
    """Alarms and drift, of few pictures and many, at a limit that a few hundred nights can show."""
    settings = WatchSettings(false_alarms=0.05, most_drift=0.0)
    nights, rate, over = 400, 0.05, {"alarms": 0, "drift": 0}
    for night in range(nights):
        generator = np.random.default_rng(night)
        before, now = ({name: generator.normal(size=size) for name in "ab"} for size in (num_reference, num_new))
        p_values = (1 + (before["a"][None] >= now["a"][:, None]).sum(axis=1)) / (1 + num_reference)
        said = verdicts(int((p_values <= rate).sum()), num_new, rate)
        found = watch(said, Sampled(now, {}), Sampled(before, {}), settings)
        for topic in over:
            over[topic] += found.is_over(topic) is True
    # Four standard deviations of 20 in 400.
    assert max(over.values()) <= 20 + 4 * 4.4, over


def test_few_held_out_pictures_make_many_alarms_likelier():
    assert chance_of_alarms(verdicts(6, 100), 100) > 10 * chance_of_alarms(verdicts(6, 100), 10_000)
    assert chance_of_alarms(verdicts(0, 100), 100) == 1.0
    # Where the rate can't be promised the threshold is the largest of the held-out scores.
    assert chance_of_alarms(verdicts(1, 1), 9) == pytest.approx(0.1)
