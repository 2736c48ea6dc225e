"""A search asks, gives up, is killed and goes on."""

from contextlib import ExitStack

import pytest
from results import done, result

from aepipe.errors import ConflictError, CorruptObjectError, ParameterError
from aepipe.experiments.search import open_search
from aepipe.experiments.space import Range, SearchRanges
from aepipe.experiments.sweep import SweepValues
from aepipe.recipes import get_recipe
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.stages.outcome import Done, Failed
from aepipe.stages.request import TrainingRequest
from aepipe.stages.results import TrainedResult
from aepipe.store import open_store

RANGES = SearchRanges(learning_rate=Range(low=1e-4, high=1e-1))
REQUEST = TrainingRequest(recipe="mnist-dense", data_set="digits", overrides=Overrides(epochs=9))


@pytest.fixture
def search(tmp_path):
    """Opens the search in one store again and again."""
    store = open_store(str(tmp_path))
    with ExitStack() as exits:
        yield lambda rungs=3, request=REQUEST, shape=None, number=None, ranges=RANGES, **values: exits.enter_context(
            open_search(store, request, ranges, SweepValues(**values), rungs, shape, number)
        )


def came_to(error: float | None) -> Done:
    """What a training with this validation MSE came to."""
    return done("mnist-dense", trained=result(TrainedResult, validation_mse=error), evaluated=None)


def test_candidates_that_are_behind_are_given_up(search):
    study = search()
    candidates = study.ask(6)
    alive = [study.tell(one, study.budgets[0], came_to(n / 10)) for n, one in enumerate(candidates, 1)]
    assert alive[0]
    assert not any(alive[3:])
    states = {row["trial"]: row["state"] for row in study.rows()}
    assert states[5] == "pruned"


def test_the_first_candidate_is_the_setting_as_it_is(search):
    own = get_recipe("mnist-dense").tuned.training
    study = search(batch_size=[own.batch_size, 7])
    first, second = study.ask(2)
    assert first.overrides == Overrides(learning_rate=own.learning_rate, batch_size=own.batch_size)
    assert second.overrides != first.overrides
    assert study.is_as_the_setting_has_it(first.trial.params)
    assert not study.is_as_the_setting_has_it(second.trial.params)


def test_the_setting_as_it_is_is_trained_to_its_end(search):
    study = search()
    own, better = study.ask(2)
    for budget in study.budgets:
        goes_on = [study.tell(better, budget, came_to(0.1)), study.tell(own, budget, came_to(0.2))]
        assert goes_on == [budget.share > 1] * 2
    assert study.best()[:2] == (better.trial.number, 0.1)
    assert study.error_of_the_setting() == 0.2


def test_a_setting_outside_of_the_space_is_no_candidate(search):
    own = get_recipe("mnist-dense").tuned.training
    (first,) = search(batch_size=[own.batch_size + 1]).ask(1)
    assert first.overrides.batch_size == own.batch_size + 1
    assert first.overrides.learning_rate == own.learning_rate


def test_two_runs_of_one_search_do_not_overwrite_each_other(search):
    one, other = search(), search()
    one.ask(1)
    one.save()
    one.save()
    other.ask(2)
    with pytest.raises(ConflictError, match=f"once at a time. Received: study='{one.name}'"):
        other.save()
    assert search().ask(1)[0].overrides == Overrides(
        learning_rate=get_recipe("mnist-dense").tuned.training.learning_rate
    )


def test_rungs_train_three_times_as_long_each(search):
    study = search(batch_size=[20, 40])
    _, candidate = study.ask(2)
    plans = [study.request_for(candidate, budget).overrides for budget in study.budgets]
    assert [plan.epochs for plan in plans] == [1, 3, 9]
    assert {plan.learning_rate for plan in plans} == {candidate.overrides.learning_rate}
    assert plans[0].batch_size in (20, 40)
    request = study.request_for(candidate, study.budgets[0])
    assert (request.evaluate, request.exports) == (False, ())


def test_a_search_that_was_killed_asks_again_for_what_it_was_at(search):
    study = search()
    done, running = study.ask(2)
    study.tell(done, study.budgets[-1], came_to(0.01))
    study.save()
    again = search()
    assert again.num_tried == 1
    assert again.ask(1)[0].overrides == running.overrides
    assert again.best()[:2] == (done.trial.number, 0.01)


def test_another_space_is_another_search(search):
    assert search().name == search().name
    assert search().name != search(rungs=2).name != search(batch_size=[20]).name


def test_a_candidate_that_fails_is_no_candidate_to_ask_again(search):
    study = search()
    (candidate,) = study.ask(1)
    assert not study.tell(candidate, study.budgets[0], Failed(recipe="r", setting="s", error="no finite loss"))
    study.save()
    again = search()
    assert again.num_tried == 1
    assert again.ask(1)[0].overrides != candidate.overrides
    assert again.best() is None


def test_without_validation_images_nothing_decides(search):
    study = search()
    (candidate,) = study.ask(1)
    with pytest.raises(ParameterError, match=r"split\.validation_fraction above 0"):
        study.tell(candidate, study.budgets[0], came_to(None))


@pytest.mark.parametrize(
    ("recipe", "preset", "shape"), [("faces-conv", "full", (128, 128, 3)), ("mnist-dense", "quick", (8, 8, 1))]
)
def test_the_first_candidate_is_what_a_run_trains_on_the_images_at_hand(search, recipe, preset, shape):
    request = TrainingRequest(recipe=recipe, preset=preset, data_set="images:/data/mine")
    wide = SearchRanges(learning_rate=Range(low=1e-7, high=1e-1))
    study = search(request=request, shape=shape, ranges=wide)
    run = plan_training(recipe, "tuned", preset, Overrides(), shape)
    (own,) = study.ask(1)
    assert own.trial.params == {"learning_rate": run.training.learning_rate}
    plans = [
        plan_training(recipe, "tuned", preset, study.request_for(own, budget).overrides, shape)
        for budget in study.budgets
    ]
    assert plans[-1] == run
    assert {plan.training.learning_rate for plan in plans} == {run.training.learning_rate}
    if preset == "quick":
        assert [plan.training.max_steps for plan in plans] == [222, 666, 2000]


def test_on_few_images_it_is_so_too_and_a_rung_is_a_share_of_what_they_take(search):
    request = TrainingRequest(recipe="mnist-dense", data_set="images:/data/mine")
    study = search(
        request=request, shape=(28, 28, 1), number=500, ranges=SearchRanges(learning_rate=Range(low=1e-7, high=1e-1))
    )
    run = plan_training("mnist-dense", "tuned", "full", Overrides(), (28, 28, 1), num_images=500).training
    (own,) = study.ask(1)
    assert own.trial.params == {"learning_rate": run.learning_rate}
    assert [study.request_for(own, budget).overrides.epochs for budget in study.budgets] == [
        run.epochs // 9,
        run.epochs // 3,
        None,
    ]


def test_without_the_images_shape_the_first_candidate_is_still_what_a_run_trains(search):
    study = search(request=TrainingRequest(recipe="faces-conv", data_set="images:/data/mine"))
    (own,) = study.ask(1)
    assert study.request_for(own, study.budgets[-1]).overrides == Overrides()


@pytest.mark.parametrize("journal", [b"{", b"no journal\n", b'{"op_code": 99}\n', b"[1]\n"])
def test_a_damaged_journal_is_one_line_with_its_key(search, journal):
    running = search()
    key, store = running._key, running._store
    store.put(key, journal)
    with pytest.raises(CorruptObjectError, match=key):
        search()
