"""Tables of the literature: what is trained, what is kept, and how it is printed."""

from dataclasses import replace

import pytest

from aepipe.errors import ParameterError
from aepipe.experiments.reproductions import TABLES, tables_of
from aepipe.experiments.reproductions.case import Case, Figure, Published, Table
from aepipe.experiments.reproductions.one_class import PROTOCOLS
from aepipe.experiments.reproductions.rows import COLUMNS, as_markdown, measure_missing, missed, read_rows
from aepipe.recipes import RecipeName
from aepipe.stages.request import TrainingRequest

ERROR = Figure("error", "squared error", times=100, places=1, published=(Published(3, "Hinton"),), quick_limit=5)


def table_of(measure, *figures, parts=("",), **choices) -> Table:
    request = TrainingRequest(recipe=RecipeName("mnist-dense"))
    cases = [Case("net", request, "as it is", figures or (ERROR,), measure, part, **choices) for part in parts]
    return Table("net", "A net", "How it is done.", "model", lambda: iter(cases))


def by_seed(store, request):
    return {"error": 0.02 + 0.01 * request.overrides.seed, "other": None}


def rows_of(table, tmp_path, seeds=(0, 1), **choices):
    return list(measure_missing([table], seeds, tmp_path / "rows.csv", **choices))


def test_what_a_file_has_is_not_trained_again(tmp_path):
    table = table_of(by_seed, parts=("a", "b"))
    assert [rows[0]["seed"] for rows in rows_of(table, tmp_path, seeds=(0,))] == [0, 0]
    assert [(rows[0]["part"], rows[0]["seed"]) for rows in rows_of(table, tmp_path)] == [("a", 1), ("b", 1)]
    assert rows_of(table, tmp_path) == []
    assert len(read_rows(tmp_path / "rows.csv")) == 4


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"path,error\na.png,1\n", "it has the columns path, error"),
        (b"\xff\xfe\x00", "can't decode"),
        # Edited by hand.
        (f"{','.join(COLUMNS)}\nnet,net,,0,False,error,about 3,1,2026-11-26\n".encode(), "could not convert"),
    ],
)
def test_a_file_of_something_else_is_left_alone(tmp_path, content, problem):
    (tmp_path / "rows.csv").write_bytes(content)
    with pytest.raises(ParameterError, match=rf"{problem}.*Mend the file, or name another") as refused:
        rows_of(table_of(by_seed), tmp_path)
    assert "\n" not in str(refused.value)
    assert (tmp_path / "rows.csv").read_bytes() == content


@pytest.mark.parametrize("name", [".", "no/such/folder.csv"])
def test_a_file_that_can_not_be_written_is_told_before_anything_is_trained(tmp_path, name):
    def measure(store, request):
        raise AssertionError

    with pytest.raises(ParameterError, match=r"can be read and written.*problem="):
        next(measure_missing([table_of(measure)], (0,), tmp_path / name))


def test_a_run_that_was_stopped_before_its_first_row_is_begun_again(tmp_path):
    def stopped(store, request):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rows_of(table_of(stopped), tmp_path)
    assert len(rows_of(table_of(by_seed), tmp_path)) == len(read_rows(tmp_path / "rows.csv")) == 2


@pytest.mark.parametrize(("published", "said"), [(3.0, "yes"), (2.4, "no")])
def test_a_row_has_mean_spread_what_is_published_and_whether_that_is_reached(tmp_path, published, said):
    figure = replace(ERROR, published=(Published(9, "others", was_read=False), Published(published, "Hinton")))
    table = table_of(by_seed, figure, Figure("other", "not measured"))
    rows_of(table, tmp_path)
    lines = as_markdown(table, read_rows(tmp_path / "rows.csv")).splitlines()
    assert lines[:3] == ["### A net", "", "How it is done."]
    cells = [cell.strip() for cell in lines[-1].strip("|").split("|")]
    told = f"others 9.0 (as quoted), Hinton {published:.1f}"
    assert cells[:7] == ["net", "2.5 ± 0.7", "-", told, f"{said} ({published:g})", "as it is", "2"]


def test_the_spread_is_that_of_the_seeds_means_over_parts(tmp_path):
    def measure(store, request):
        return {"error": by_seed(store, request)["error"]}

    table = table_of(measure, parts=("a", "b", "c"))
    rows_of(table, tmp_path)
    assert "| 2.5 ± 0.7 |" in as_markdown(table, read_rows(tmp_path / "rows.csv"))


def test_a_seed_without_all_parts_is_in_no_mean_and_that_is_said(tmp_path):
    rows_of(table_of(by_seed, parts=("a", "b")), tmp_path, seeds=(0,))
    rows_of(table_of(lambda *_: {"error": 1.0}, parts=("a",)), tmp_path, seeds=(4,))
    line = as_markdown(table_of(by_seed, parts=("a", "b")), read_rows(tmp_path / "rows.csv")).splitlines()[-1]
    assert "| 2.0 |" in line
    assert "| 1, seed 4 has 1 of 2 parts |" in line


@pytest.mark.parametrize(("better", "failed"), [("lower", False), ("higher", True)])
def test_a_quick_run_is_held_against_its_own_limits_and_no_other_run_is(tmp_path, better, failed):
    table = table_of(by_seed, replace(ERROR, better=better), is_quick=True)
    rows_of(table, tmp_path, is_quick=True)
    rows = read_rows(tmp_path / "rows.csv")
    assert missed(table, rows) == (["net, net: squared error 2.5, not 5"] if failed else [])
    assert "2.5" not in as_markdown(table, rows)
    assert "2.5" in as_markdown(table, rows, is_quick=True)


def test_a_quick_run_leaves_out_what_takes_long(tmp_path):
    asked = []

    def measure(store, request):
        asked.append(request.overrides)
        return {"error": 0.0}

    assert rows_of(table_of(measure), tmp_path, is_quick=True) == []
    rows_of(table_of(measure, is_quick=True, quick_steps=7), tmp_path, seeds=(3,), is_quick=True)
    assert [(overrides.seed, overrides.max_steps) for overrides in asked] == [(3, 7)]


def test_every_table_says_what_it_trains_without_training():
    for table in TABLES.values():
        cases = list(table.cases())
        assert len({(case.row, case.part) for case in cases}) == len(cases)
        assert any(case.is_quick for case in cases)
        assert all(figure.label for case in cases for figure in case.figures)
        # What a quick run must reach is less than what the whole one is for.
        for figure in (figure for case in cases for figure in case.figures if figure.quick_limit is not None):
            assert figure.target is None or figure.reaches(figure.target, figure.quick_limit)


def test_one_class_is_each_class_of_each_set_once():
    cases = list(TABLES["one-class"].cases())
    assert [sum(case.row == name for case in cases) for name in PROTOCOLS] == [10, 10, 10]
    assert all(case.request.data.classes == (case.part,) for case in cases)


def test_an_unknown_table_is_refused_with_those_there_are():
    with pytest.raises(ParameterError, match=r"did you mean one-class\?.*table='one-clas'|table='one-clas'"):
        tables_of(["one-clas"])
    assert [table.name for table in tables_of([])] == list(TABLES)
