"""How every figure looks, and how it is written: the same data gives the same bytes."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DOTS_PER_INCH = 130
WIDTH_INCHES = 9.0
# Neither black nor white, which noise makes of pixels at the edge.
GAP_GREY = 0.8
TITLE_CHARACTERS_PER_INCH = 10
MOST_NAME_CHARACTERS = 24
MOST_NAMED_CLASSES = 12
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


def set_title(figure: Figure, title: str) -> None:
    """Write a title above everything, in as many lines as it takes."""
    width = int(figure.get_figwidth() * TITLE_CHARACTERS_PER_INCH)
    lines = [textwrap.fill(line, width) for line in _literal(title).splitlines()]
    figure.suptitle("\n".join(lines), fontsize=13)


def short_name(name: str, most_characters: int = MOST_NAME_CHARACTERS) -> str:
    """Return a class's name, which is a user's folder name, as a legend or an axis has room for."""
    shortened = name if len(name) <= most_characters else f"{name[: most_characters - 3]}..."
    # A legend leaves out names that start with an underscore.
    return _literal(f" {shortened}" if shortened.startswith("_") else shortened)


def _literal(text: str) -> str:
    """Return text in which Matplotlib finds no formula."""
    return text.replace("$", r"\$")


def save(figure: Figure, path: Path, is_cropped: bool = False) -> None:
    """Write a PNG that says nothing about when or by what it was made; cropped, without empty space around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    crop = {"bbox_inches": "tight", "pad_inches": 0.1} if is_cropped else {}
    figure.savefig(path, metadata={"Software": None}, **crop)


def show_image(axes: Axes, image: np.ndarray) -> None:
    """Show one image, (height, width, 1 or 3) in [0, 1], without ticks."""
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    pixels = np.clip(image, 0, 1)
    axes.imshow(
        pixels[..., 0] if pixels.shape[-1] == 1 else pixels, vmin=0, vmax=1, cmap="gray", interpolation="nearest"
    )


def image_rows(rows: Sequence[tuple[str, np.ndarray]], path: Path, title: str, below: Sequence[str] = ()) -> None:
    """Write rows of images under each other, each with its name at the left.

    Args:
        rows: Name and images, (num_columns, height, width, channels) in [0, 1], of each row.
        path: Where the PNG goes.
        title: Said above.
        below: A short text under each image of the last row.
    """
    names, images = zip(*rows, strict=True)
    pixels = np.clip(np.stack(images), 0, 1)
    num_rows, num_columns, height, width, channels = pixels.shape
    gap = max(1, width // 12)
    # One picture for all: an axes for each image takes seconds to lay out.
    mosaic = np.full((num_rows, height + gap, num_columns, width + gap, channels), GAP_GREY, np.float32)
    mosaic[:, :height, :, :width] = pixels.transpose(0, 2, 1, 3, 4)
    mosaic = mosaic.reshape(num_rows * (height + gap), num_columns * (width + gap), channels)[:-gap, :-gap]
    with mpl.rc_context(SETTINGS):
        label_inches = 1.6
        figure = new_figure(0.8 + (WIDTH_INCHES - label_inches) * mosaic.shape[0] / mosaic.shape[1])
        # Under its title: how much height the labels take is not known before, and what is left is cropped below.
        axes = figure.add_subplot(anchor="N")
        show_image(axes, mosaic)
        axes.set_yticks(np.arange(num_rows) * (height + gap) + (height - 1) / 2, names)
        if below:
            axes.set_xticks(np.arange(num_columns) * (width + gap) + (width - 1) / 2, below, fontsize=10)
        axes.tick_params(length=0)
        set_title(figure, title)
        save(figure, path, is_cropped=True)
