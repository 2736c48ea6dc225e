"""How much seeds change an error is taken from a sweep that trained the same, where there is one."""

import pytest
from results import done, result

from aepipe.evaluation.seeds import SeedSpread
from aepipe.experiments.sweep import tabulate
from aepipe.gate.seeds import DEFAULT_SPREAD, TUNED_SPREAD, SeedSpreads
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.stages.results import DataResult, EvaluationResult
from aepipe.store import open_store


def trained(seed: int, mse: float = 0.01, **changes):
    plan = plan_training("mnist-dense", "tuned", "full", Overrides(seed=seed, **changes), (28, 28, 1))
    return done("mnist-dense", plan=plan, evaluated=result(EvaluationResult, f"{seed} {mse}", mse_per_pixel=mse))


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "store")
    tabulate(store, [trained(seed, mse) for seed, mse in enumerate((0.0098, 0.01, 0.0102))])
    tabulate(store, [trained(seed, mse, epochs=3) for seed, mse in enumerate((0.01, 0.02))])
    return store


def test_a_table_says_whether_all_seeds_came_past_the_collapse(store):
    lost = done("mnist-dense", evaluated=result(EvaluationResult, "lost", mse_per_pixel=0.07, collapsed=True))
    assert tabulate(store, [trained(0)]).facts.best.endswith("14% of the mean image's; the code of none collapsed")
    assert tabulate(store, [trained(0), lost]).facts.best.endswith("100% of the mean image's; the code of 1 collapsed")


def test_the_sweep_that_trained_the_same_tells(store):
    found = SeedSpreads(store).of(trained(7))
    assert (found.share, found.num_seeds) == (pytest.approx(0.02), 3)
    tabulate(store, [trained(seed, mse) for seed, mse in enumerate((0.01,) * 4)])
    assert SeedSpreads(store).of(trained(7)) == SeedSpread(share=0, num_seeds=4)


def test_sweeps_are_read_once_for_all_models(store):
    spreads = SeedSpreads(store)
    first = spreads.of(trained(7))
    tabulate(store, [trained(seed, mse) for seed, mse in enumerate((0.01,) * 4)])
    assert spreads.of(trained(7)) == first


@pytest.mark.parametrize("changes", [{"epochs": 4}, {"code_size": 12}, {"epochs": 3}])
def test_a_sweep_of_something_else_or_of_too_few_seeds_tells_nothing(store, changes):
    assert SeedSpreads(store).of(trained(7, **changes)) == DEFAULT_SPREAD


def test_a_sweep_that_is_damaged_holds_no_release_up(store):
    store.put("stages/sweep/0/manifest.json", b"{")
    assert SeedSpreads(store).of(trained(7)).num_seeds == 3


def test_without_a_sweep_tuned_settings_as_they_are_have_been_measured(tmp_path):
    store = open_store(tmp_path / "empty")
    assert SeedSpreads(store).of(trained(7)) == TUNED_SPREAD
    elsewhere = trained(7).model_copy(update={"data": result(DataResult, name="digits")})
    assert SeedSpreads(store).of(elsewhere) == DEFAULT_SPREAD


def test_what_was_chosen_goes_first(store):
    assert SeedSpreads(store).of(trained(7), chosen=0.05) == SeedSpread(share=0.05)
