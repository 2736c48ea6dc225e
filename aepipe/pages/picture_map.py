"""The page of a map: the pictures themselves at their places, to zoom into; one file that fetches nothing."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from aepipe.pages.atlas import Atlas
from aepipe.pages.rendering import html_environment

# Okabe and Ito's palette, which colour-blind readers tell apart, on light and on dark pages; grey is for the rest.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#9467BD", "#8C564B", "#7FBF3F")
REST_COLOR, REST = "#8A939C", "others"
VERDICT_COLORS = {"normal": "#0072B2", "anomalous": "#D55E00"}


@dataclass(frozen=True)
class Group:
    """Pictures of one colour."""

    label: str
    color: str
    count: int


@dataclass(frozen=True)
class Coloring:
    """What the pictures' frames may show.

    Attributes:
        name: Class, verdict.
        groups: The colours.
        members: The group's number of each picture.
    """

    name: str
    groups: Sequence[Group]
    members: Sequence[int]


@dataclass(frozen=True)
class PictureMap:
    """A map.

    Attributes:
        title: What it is a map of.
        facts: What is told of it, in sentences.
        places: (num_pictures, 2).
        paths: A name for each picture.
        atlas: The pictures.
        colorings: What their colours may mean; the first one is shown.
    """

    title: str
    facts: Sequence[str]
    places: np.ndarray
    paths: Sequence[str]
    atlas: Atlas
    colorings: Sequence[Coloring] = ()


def color_by(name: str, labels: Sequence[str | None]) -> Coloring | None:
    """Return the colours of pictures by their labels, the most frequent first; None where they tell nothing apart.

    Beyond as many as there are colours, and for pictures without a label, there is one grey.
    """
    counts = Counter(label for label in labels if label is not None)
    if not counts:
        return None
    named = sorted(counts, key=lambda label: (-counts[label], _natural(label)))[: len(COLORS)]
    groups = [
        Group(label, VERDICT_COLORS.get(label, color), counts[label])
        for label, color in zip(sorted(named, key=_natural), COLORS, strict=False)
    ]
    num_rest = len(labels) - sum(group.count for group in groups)
    if len(groups) + bool(num_rest) < 2:
        return None
    numbers = {group.label: number for number, group in enumerate(groups)}
    rest = [Group(REST, REST_COLOR, num_rest)] if num_rest else []
    return Coloring(name, [*groups, *rest], [numbers.get(label or "", len(groups)) for label in labels])


def _natural(label: str) -> tuple[int, str]:
    """Return what sorts numbers by their value, before words."""
    return (int(label) if label.isdecimal() else 1 << 62, label)


def render_map(picture_map: PictureMap) -> str:
    """Return the page as HTML, with its pictures, its style and its script inside."""
    return html_environment().get_template("map.html.j2").render(map=picture_map, data=_data(picture_map))


def _data(picture_map: PictureMap) -> Markup:
    """Return what the script reads, as JSON that ends no element of the page."""
    places = np.asarray(picture_map.places, np.float64)
    places = places - places.min(axis=0)
    # One scale for both axes: distances to the right and upwards mean the same.
    places = places / max(float(places.max()), 1e-12)
    centred = places + (1 - places.max(axis=0)) / 2
    atlas = picture_map.atlas
    data = {
        "x": centred[:, 0].round(5).tolist(),
        "y": centred[:, 1].round(5).tolist(),
        "extent": places.max(axis=0).clip(0.1).round(5).tolist(),
        "paths": [path.encode("utf-8", "backslashreplace").decode() for path in picture_map.paths],
        "cell": atlas.cell,
        "columns": atlas.columns,
        "sizes": atlas.sizes,
        "colorings": [
            {
                "name": coloring.name,
                "groups": [[group.label, group.color, group.count] for group in coloring.groups],
                "members": coloring.members,
            }
            for coloring in picture_map.colorings
        ],
    }
    text = json.dumps(data, separators=(",", ":"))
    # A script element ends at the first </script>, wherever it stands.
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))
