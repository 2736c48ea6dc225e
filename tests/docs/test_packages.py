"""The picture of the packages shows the imports as they are."""

import json
import re

from documents import ROOT, text_of
from draw_packages import EDGES, PICTURE, label_of, read_edges, without_detours


def test_the_picture_was_drawn_from_the_imports_of_today():
    """Where this fails: make pictures."""
    assert json.loads(EDGES.read_text()) == read_edges()
    assert PICTURE.stat().st_size > 0


def test_an_arrow_that_others_imply_is_left_out():
    edges = {"top": ["ground", "middle"], "middle": ["ground"], "ground": []}
    assert without_detours(edges) == {"top": ["middle"], "middle": ["ground"], "ground": []}


def test_every_package_has_its_line():
    packages = {label_of(unit) for unit in read_edges() if (ROOT / unit.replace(".", "/")).is_dir()}
    table = text_of("docs/architecture.md").partition("## Packages")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == packages
