"""Contact sheets: pictures beside each other at their own shapes, with a few words under each."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np

from aepipe.evaluation.figures.style import MODEL, SETTINGS, WIDTH_INCHES, new_figure, save, set_title, show_image

COLUMNS, CELL_INCHES, LINE_INCHES = 5, 1.75, 0.17
LABEL_CHARACTERS, MAX_LABEL_LINES = 22, 3


@dataclass(frozen=True)
class Print:
    """One picture of a sheet.

    Attributes:
        pixels: (height, width, 1 or 3) in [0, 1]; None where the picture is gone.
        name: Written under it, in as many lines as it takes; the beginning of a long one is left out.
        below: One more line.
        is_first: It has a frame: the others are shown because of it.
    """

    pixels: np.ndarray | None
    name: str
    below: str
    is_first: bool = False


def contact_sheet(prints: Sequence[Print], path: Path, title: str) -> None:
    """Write a sheet of pictures, row by row."""
    num_rows = math.ceil(len(prints) / COLUMNS)
    num_lines = 1 + max(len(_lines(one.name)) for one in prints)
    with mpl.rc_context(SETTINGS):
        figure = new_figure(0.6 + num_rows * (CELL_INCHES + num_lines * LINE_INCHES), WIDTH_INCHES)
        panels = figure.subplots(num_rows, COLUMNS, squeeze=False).flat
        for panel in panels:
            panel.axis("off")
        for panel, one in zip(figure.axes, prints, strict=False):
            panel.axis("on")
            _show(panel, one)
        set_title(figure, title)
        save(figure, path, is_cropped=True)


def _show(panel: mpl.axes.Axes, one: Print) -> None:
    panel.set_anchor("N")
    if one.pixels is None:
        panel.set(xticks=[], yticks=[], xlim=(0, 1), ylim=(0, 1), aspect="equal")
        panel.grid(False)
        panel.text(0.5, 0.5, "no longer\nthere", ha="center", va="center", color="#57616c", fontsize=10)
    else:
        show_image(panel, one.pixels)
    if one.is_first or one.pixels is None:
        panel.spines[:].set(
            visible=True, color=MODEL if one.is_first else "#b8bec5", linewidth=3 if one.is_first else 1
        )
    panel.set_xlabel("\n".join([*_lines(one.name), one.below]).replace("$", r"\$"), fontsize=9)


def _lines(name: str) -> list[str]:
    lines = textwrap.wrap(name, LABEL_CHARACTERS) or [""]
    if len(lines) <= MAX_LABEL_LINES:
        return lines
    # A path's end tells more than its beginning.
    kept = name[-(LABEL_CHARACTERS * MAX_LABEL_LINES - 3) :]
    return textwrap.wrap(f"...{kept}", LABEL_CHARACTERS)[:MAX_LABEL_LINES]
