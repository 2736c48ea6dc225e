"""Names from outside are text in every spreadsheet, and come back as they were."""

import pytest

from aepipe.cells import as_cell, as_cells, from_cell

FORMULAS = ["=1+1", "+1", "-2+3", "@SUM(1)", " =1", "\t=1", "a;=cmd|' /C calc'!A0", "\uff1d1+1", "a\n=1", "'=1", "x,+1"]


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_becomes_text_and_comes_back(name):
    cell = as_cell(name)
    assert cell != name
    for part in cell.replace(",", ";").replace("\n", ";").replace("\t", ";").split(";"):
        assert part.strip()[:1] not in set("=+-@\uff1d")
    assert from_cell(cell) == name


@pytest.mark.parametrize("name", ["cat", "a-b", "1 = 2", "x@y", "", "'quoted'", "\u732b"])
def test_other_names_stay_as_they_are(name):
    assert as_cell(name) == from_cell(name) == name


def test_numbers_stay_numbers():
    assert as_cells({"name": "-2+3", "value": -0.5, "none": None}) == {"name": "'-2+3", "value": -0.5, "none": None}
