"""A new model and the channel's are compared on held-out pictures that neither has learned from, or not at all."""

import math

import numpy as np
import pytest
from own_data import pictures, put_own
from releases import describe
from results import done, result

from aepipe.evaluation.seeds import SeedSpread
from aepipe.gate.comparison import Terms
from aepipe.gate.fairness import find_comparable
from aepipe.gate.measured import Measured
from aepipe.gate.recheck import PublishedErrors
from aepipe.gate.rules import Demands, judge
from aepipe.gate.settings import PublishSettings
from aepipe.recipes.published import published_models
from aepipe.splits import SplitSettings
from aepipe.stages.outcome import Done
from aepipe.stages.results import EvaluationResult
from aepipe.stages.split import SplitStage, load_split
from aepipe.store import open_store

OLD = "20260101T000000Z-a"
ALL = Demands(baselines=True, incumbent=True)
TERMS = Terms(PublishSettings(), SeedSpread(share=0.01))


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    return open_store(tmp_path / "store")


@pytest.fixture
def train_on(store):
    """Returns what a recipe came to on these pictures before its training; no index tells of them."""

    def run(shown: np.ndarray, **settings) -> Done:
        data = put_own(store, shown, indexed=False)
        split = SplitStage(data, SplitSettings(**settings)).produce(store)
        return done("conv", data=data, split=split)

    return run


def release_of(outcome: Done, **changes):
    facts = {
        "verdict": "promoted",
        "images_sha256": outcome.data.facts.images_sha256,
        "test_rows_sha256": outcome.split.facts.test_sha256,
        **changes,
    }
    lineage = {"data": outcome.data.fingerprint, "split": outcome.split.fingerprint}
    return describe(OLD, {"models/conv/model.keras": b"old"}, recipes={"conv": facts}, lineage={"conv": lineage})


def compare(store, outcome, release):
    return find_comparable(store, outcome, published_models(release)["conv"])


def test_of_grown_data_all_held_out_pictures_are_new_to_both(store, train_on):
    before, after = train_on(pictures(80)), train_on(pictures(100)[1:])
    comparable = compare(store, after, release_of(before))
    assert comparable.chosen.all()
    assert not comparable.problem


def test_what_the_old_model_learned_from_is_left_out(store, train_on):
    before, after = train_on(pictures(80), seed=1), train_on(pictures(80), seed=2)
    parts = [load_split(store, outcome.split) for outcome in (before, after)]
    chosen = compare(store, after, release_of(before)).chosen
    assert parts[1].test[chosen].tolist() == sorted(set(parts[0].test) & set(parts[1].test))
    assert 0 < chosen.sum() < len(chosen)


def test_a_release_of_before_there_were_digests_is_known_by_its_stages(store, train_on):
    before, after = train_on(pictures(80), seed=1), train_on(pictures(80), seed=2)
    expected = compare(store, after, release_of(before)).chosen
    key = f"stages/split/{before.split.fingerprint}/manifest.json"
    store.put(key, store.get(key).replace(b'"digests.npz"', b'"other.npz"'))
    old = release_of(before, images_sha256=None, test_rows_sha256=None)
    assert compare(store, after, old).chosen.tolist() == expected.tolist()


def test_the_same_split_of_the_same_images_is_compared_whole_whatever_else_is_gone(store, train_on):
    run = train_on(pictures(80))
    old = release_of(run).model_copy(update={"lineage": {}})
    assert compare(store, run, old).chosen.all()


def test_digests_are_enough_where_the_old_images_are_gone(store, train_on):
    before, after = train_on(pictures(80), seed=1), train_on(pictures(80), seed=2)
    old = release_of(before)
    expected = compare(store, after, old).chosen
    del old.lineage["conv"]["data"]
    assert compare(store, after, old).chosen.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("change", "problem"),
    [({"lineage": {}}, "not known any more"), ({}, "none in common")],
)
def test_without_common_pictures_there_is_no_comparison(store, train_on, change, problem):
    before, after = train_on(pictures(80)), train_on(pictures(60, 80))
    comparable = compare(store, after, release_of(before).model_copy(update=change))
    assert not comparable.chosen.any()
    assert problem in comparable.problem


def judged(incumbent: Measured | None):
    facts = {
        "mse_per_pixel": 0.000451,
        "pca_mse_per_pixel": 0.02,
        "mean_image_mse_per_pixel": 0.07,
        "collapsed": False,
        "code_standard_deviation": 0.5,
    }
    return judge(
        done("conv", evaluated=result(EvaluationResult, **facts)),
        Measured("new", 0.000451),
        incumbent,
        ALL,
        PublishSettings(),
    )


def test_a_model_is_not_held_for_what_the_old_one_has_memorised(store, train_on):
    before, after = train_on(pictures(80), seed=1), train_on(pictures(80), seed=2)
    comparable = compare(store, after, release_of(before))
    theirs = PublishedErrors(OLD, np.where(comparable.chosen, 0.000423, 0.000180))
    ours = PublishedErrors("new", np.where(comparable.chosen, 0.000426, 0.000470))
    verdict = judged(theirs.beside(ours, comparable, TERMS))
    on_which = f"{comparable.chosen.sum()} of {len(comparable.chosen)} held-out images"
    assert verdict.verdict == "promoted"
    assert f"Compared with the model of {OLD} on {on_which}" in verdict.reason
    assert "0.7% worse, 95% interval" in verdict.reason
    assert verdict.reason.endswith("no difference shown.")
    rule = verdict.rules[-1]
    assert on_which in rule.rule
    assert rule.figures == pytest.approx(
        {
            "error": 0.000426,
            "incumbent": 0.000423,
            "images": comparable.chosen.sum(),
            "held_out": len(comparable.chosen),
        }
    )


def test_without_a_fair_comparison_the_channel_stays_as_it_is_and_says_why(store, train_on):
    before, after = train_on(pictures(80)), train_on(pictures(60, 80))
    comparable = compare(store, after, release_of(before))
    errors = PublishedErrors(OLD, np.full(len(comparable.chosen), 0.1))
    measured = errors.beside(errors, comparable, TERMS)
    assert math.isnan(measured.error)
    verdict = judged(measured)
    assert verdict.verdict == "held"
    assert "on the same images; no fair comparison: it is of other pictures" in verdict.reason
    assert "aepipe releases promote" in verdict.reason


def test_a_denoiser_is_compared_on_the_noisy_pictures_that_are_new(store, train_on):
    before, after = train_on(pictures(80), seed=1), train_on(pictures(80), seed=2)
    comparable = compare(store, after, release_of(before))
    measured = PublishedErrors(OLD, np.full(5, 0.1)).beside(PublishedErrors("new", np.full(5, 0.2)), comparable, TERMS)
    assert (measured.num_images, measured.num_held_out) == (comparable.chosen[:5].sum(), 5)
