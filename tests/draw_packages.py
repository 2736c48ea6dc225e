"""The picture of the packages in docs/architecture.md, drawn from the imports: make pictures.

Beside it lies what it was drawn from, every import from one package to another, which a test holds against the code.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from test_imports import LAYERS, SOURCES, imports_of, module_of, unit_of

DOCS = Path(__file__).parents[1] / "docs"
EDGES, PICTURE = DOCS / "packages.json", DOCS / "packages.png"
Edges = Mapping[str, list[str]]
INK, PAPER, LINE = "#1a2b3c", "#eef2f7", "#8fa3b8"
# In inches: of a floor, of a box, and of the room that a letter takes.
FLOOR, BOX, LETTER = 0.62, 0.34, 0.092


def read_edges() -> dict[str, list[str]]:
    """Return each package of the layers, from the top, and the packages that it imports from."""
    found: dict[str, set[str]] = {unit: set() for row in LAYERS for unit in row}
    for path in SOURCES:
        unit = unit_of(module_of(path))
        if unit is not None:
            imported = {unit_of(name) for name in imports_of(path.read_text())}
            found[unit] |= {name for name in imported if name not in (None, unit)}
    return {unit: sorted(imported) for unit, imported in found.items()}


def below(edges: Edges, unit: str) -> set[str]:
    """Return all that a package stands on."""
    direct = set(edges[unit])
    return direct.union(*(below(edges, name) for name in direct)) if direct else set()


def without_detours(edges: Edges) -> dict[str, list[str]]:
    """Leave out what a package reaches by way of another that it imports: an arrow says it already."""
    return {
        unit: [name for name in imported if not any(name in below(edges, other) for other in imported)]
        for unit, imported in edges.items()
    }


def places() -> dict[str, tuple[float, float]]:
    """Return the middle of each package's box, in inches from the middle of the ground."""
    found = {}
    for floor, row in enumerate(reversed(LAYERS)):
        widths = [width_of(unit) + 0.3 for unit in row]
        # Of packages one above the other each second one stands aside, so that arrows pass.
        left = -sum(widths) / 2 + (0.8 if floor % 2 else -0.8) * (len(row) < 3)
        for unit, width in zip(row, widths, strict=True):
            found[unit] = (left + width / 2, floor * FLOOR)
            left += width
    return found


def label_of(unit: str) -> str:
    return unit.removeprefix("aepipe.")


def width_of(unit: str) -> float:
    return len(label_of(unit)) * LETTER + 0.3


def draw(edges: Edges) -> None:
    """Write the picture: a floor a row of the layers, an arrow from each package to those it stands on."""
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    middle = places()
    reach = max(abs(x) + width_of(unit) / 2 for unit, (x, _) in middle.items()) + 1.2
    figure = Figure(figsize=(2 * reach, len(LAYERS) * FLOOR + 0.2))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-reach, reach), ylim=(-0.4, (len(LAYERS) - 0.4) * FLOOR), aspect="equal")
    axes.set_axis_off()
    for unit, imported in without_detours(edges).items():
        for name in imported:
            (x, y), (to_x, to_y) = middle[unit], middle[name]
            # What lies between is gone around, on the side that is nearer.
            bend = 0 if y - to_y < 1.5 * FLOOR else (-0.25 if x + to_x < 0 else 0.25)
            ends = {"posA": (x, y - BOX / 2), "posB": (to_x, to_y + BOX / 2)}
            arc = f"arc3,rad={bend}"
            axes.add_patch(FancyArrowPatch(**ends, arrowstyle="-|>", mutation_scale=9, color=LINE, connectionstyle=arc))
    for unit, (x, y) in middle.items():
        width = width_of(unit)
        corner = (x - width / 2, y - BOX / 2)
        axes.add_patch(FancyBboxPatch(corner, width, BOX, "round,pad=0,rounding_size=0.06", fc=PAPER, ec=INK, lw=0.8))
        axes.text(x, y, label_of(unit), ha="center", va="center", fontsize=9.5, color=INK)
    figure.savefig(PICTURE, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    EDGES.write_text(json.dumps(read_edges(), indent=2) + "\n")
    draw(read_edges())
