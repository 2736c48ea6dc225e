"""How every figure looks, and how it is written: the same data gives the same bytes."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DOTS_PER_INCH = 130
WIDTH_INCHES = 9.0
# Okabe and Ito's palette, which colour-blind readers tell apart; black first for what is measured.
MODEL, LINEAR, NOTHING = "#0072B2", "#E69F00", "#666666"
SETTINGS = {
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e3e3",
    "legend.frameon": False,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "svg.hashsalt": "aepipe",
}


def new_figure(height_inches: float, width_inches: float = WIDTH_INCHES) -> Figure:
    """Return an empty figure whose parts never overlap."""
    with mpl.rc_context(SETTINGS):
        return Figure((width_inches, height_inches), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")


def save(figure: Figure, path: Path) -> None:
    """Write a PNG that says nothing about when or by what it was made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def show_image(axes: Axes, image: np.ndarray) -> None:
    """Show one image, (height, width, 1 or 3) in [0, 1], without ticks."""
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    pixels = np.clip(image, 0, 1)
    axes.imshow(pixels[..., 0] if pixels.shape[-1] == 1 else pixels, vmin=0, vmax=1, cmap="gray", interpolation="nearest")


def image_rows(rows: Sequence[tuple[str, np.ndarray]], path: Path, title: str, below: Sequence[str] = ()) -> None:
    """Write rows of images under each other, each with its name at the left.

    Args:
        rows: Name and images, (num_columns, height, width, channels) in [0, 1], of each row.
        path: Where the PNG goes.
        title: Said above.
        below: A short text under each image of the last row.
    """
    num_columns = len(rows[0][1])
    label_inches = 1.5
    size = (WIDTH_INCHES - label_inches) / num_columns
    shape = rows[0][1].shape
    with mpl.rc_context(SETTINGS):
        figure = new_figure(0.5 + (0.3 if below else 0.0) + len(rows) * size * shape[1] / shape[2])
        figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
        grid = figure.add_gridspec(len(rows), num_columns + 1, width_ratios=[label_inches / size, *[1] * num_columns])
        for number, (name, images) in enumerate(rows):
            label = figure.add_subplot(grid[number, 0])
            label.axis("off")
            label.text(1.0, 0.5, name, ha="right", va="center", fontsize=11)
            for column, image in enumerate(images):
                axes = figure.add_subplot(grid[number, column + 1])
                show_image(axes, image)
                if below and number == len(rows) - 1:
                    axes.set_xlabel(below[column], fontsize=9)
        figure.suptitle(title, fontsize=13)
        save(figure, path)
