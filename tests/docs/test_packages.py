"""The picture of the packages shows the imports as they are."""

import json

from draw_packages import EDGES, PICTURE, read_edges, without_detours


def test_the_picture_was_drawn_from_the_imports_of_today():
    """Where this fails: make pictures."""
    assert json.loads(EDGES.read_text()) == read_edges()
    assert PICTURE.stat().st_size > 0


def test_an_arrow_that_others_imply_is_left_out():
    edges = {"top": ["ground", "middle"], "middle": ["ground"], "ground": []}
    assert without_detours(edges) == {"top": ["middle"], "middle": ["ground"], "ground": []}
