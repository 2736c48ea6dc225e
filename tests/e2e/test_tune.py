"""A search on the embedded digits, against a real Prefect server: it goes on where it was, and publishes nothing."""

import csv

import pytest

from aepipe.experiments.space import Range, SearchRanges
from aepipe.flows.tune import tune
from aepipe.recipes.plan import Overrides, SplitOverrides

pytestmark = pytest.mark.usefixtures("prefect_server")


def run(folder, trials):
    state = tune(
        "mnist-dense",
        ranges=SearchRanges(learning_rate=Range(low=1e-4, high=1e-1)),
        trials=trials,
        rungs=2,
        at_once=1,
        data_set="digits",
        overrides=Overrides(epochs=6),
        split=SplitOverrides(validation_fraction=0.2),
        store=str(folder),
        return_state=True,
    )
    assert state.is_completed(), state.message
    return state.message


def test_a_real_search_goes_on_where_it_was_and_publishes_nothing(tmp_path):
    run(tmp_path, 1)
    trained = len(list((tmp_path / "stages" / "train").iterdir()))
    said = run(tmp_path, 2)
    assert "2 trials: validation MSE" in said
    # One more candidate, in one or both rungs.
    assert 1 <= len(list((tmp_path / "stages" / "train").iterdir())) - trained <= 2
    assert not (tmp_path / "releases").exists()
    # What is held out decides nothing here, and is not looked at.
    assert not (tmp_path / "stages" / "evaluate").exists()
    tables = (tmp_path / "stages" / "search").rglob("trials.csv")
    with max(tables, key=lambda path: path.stat().st_size).open() as file:
        rows = list(csv.DictReader(file))
    assert {row["state"] for row in rows} <= {"complete", "pruned"}
    best = min((row for row in rows if row["state"] == "complete"), key=lambda row: float(row["validation_mse"]))
    assert f"in trial {best['trial']} " in said
