"""The page of a map is one file that fetches nothing, whatever the pictures are called."""

import json
import re

import numpy as np
import pytest
from pages import HOSTILE, Page

from aepipe.pages.atlas import draw_atlas
from aepipe.pages.picture_map import COLORS, REST, PictureMap, color_by, render_map

PATHS = ["a/1.png", HOSTILE, "b/</script>.png", "\udce4.png"]
PLACES = np.array([[0, 0], [4, 1], [2, 0.5], [4, 2]])


@pytest.fixture(scope="module")
def html() -> str:
    atlas = draw_atlas([np.full((4, 4, 1), 60 * number, np.uint8) for number in range(4)])
    coloring = color_by("class", ["a", None, HOSTILE, "a"])
    return render_map(PictureMap(f"Map of {HOSTILE}", ["Of 4 pictures."], PLACES, PATHS, atlas, (coloring,)))


def test_everything_is_inside_and_names_are_text(html):
    page = Page(html)
    scripts = [attributes for tag, attributes in page.elements if tag == "script"]
    assert [attributes.get("type") for attributes in scripts] == ["application/json", None]
    sources = [attributes["src"] for _, attributes in page.elements if "src" in attributes]
    assert [source.partition(",")[0] for source in sources] == ["data:image/webp;base64"]
    assert not re.search(r"""(href|src)=["']?(https?:)?//""", html.replace("http://example.org", ""))
    assert "default-src 'none'" in html


def test_places_fill_the_unit_square_in_one_scale(html):
    data = json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])
    assert data["x"] == [0, 1, 0.5, 1]
    assert data["y"] == [0.25, 0.5, 0.375, 0.75]
    assert data["extent"] == [1, 0.5]
    assert data["paths"] == [*PATHS[:3], "\\udce4.png"]
    (coloring,) = data["colorings"]
    assert [coloring["groups"][member][0] for member in coloring["members"]] == ["a", REST, HOSTILE, "a"]


def test_many_classes_share_the_last_colour_and_numbers_are_sorted_as_numbers():
    labels = [str(number % 12) for number in range(100)]
    coloring = color_by("class", labels)
    assert [group.label for group in coloring.groups] == [*map(str, range(10)), REST]
    assert len({group.color for group in coloring.groups}) == len(COLORS) + 1
    assert coloring.groups[-1].count == sum(label in ("10", "11") for label in labels)


@pytest.mark.parametrize("labels", [[None, None], ["a", "a"]])
def test_what_tells_nothing_apart_has_no_colours(labels):
    assert color_by("class", labels) is None
