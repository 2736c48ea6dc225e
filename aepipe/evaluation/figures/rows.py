"""Rows of images under each other, as one picture: an axes for each image takes seconds to lay out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from aepipe.evaluation.figures.style import (
    LABEL_INCHES,
    SETTINGS,
    WIDTH_INCHES,
    gap_between,
    new_figure,
    save,
    set_title,
    show_image,
)

# Neither black nor white, which noise makes of pixels at the edge.
GAP_GREY = 0.8
# Red is brighter than it should be, blue darker; no difference is white.
DIVERGING = "RdBu_r"
LINE_INCHES, LINE_POINTS, SCALE_INCHES = 0.2, 10, 0.45
# Of the values of a figure's residuals, the smallest share that its colours are spread over.
SHOWN_SHARE = 0.995
MIN_LIMIT = 0.01


@dataclass(frozen=True)
class Row:
    """One row of images.

    Attributes:
        name: Written at its left.
        images: (num_columns, height, width, 1 or 3): in [0, 1]; of residuals differences.
        below: A short text under each image.
        is_residual: It has differences to originals, which are drawn in diverging colours.
    """

    name: str
    images: np.ndarray
    below: Sequence[str] = ()
    is_residual: bool = False


def image_rows(rows: Sequence[Row], path: Path, title: str) -> None:
    """Write rows of equally large images; all residuals among them have one scale, which is drawn below."""
    limit = residual_limit([row.images for row in rows if row.is_residual])
    painted = [_painted(row, limit) for row in rows]
    _, height, width, channels = np.broadcast_shapes(*(images.shape for images in painted))
    num_columns, gap = len(painted[0]), gap_between(width)
    num_across = num_columns * (width + gap) - gap
    pixels_an_inch = num_across / (WIDTH_INCHES - LABEL_INCHES)
    bands = [math.ceil(LINE_INCHES * pixels_an_inch) if row.below else gap for row in rows]
    mosaic = np.full((sum(bands) + len(rows) * height, num_columns, width + gap, channels), GAP_GREY, np.float32)
    tops = np.cumsum([0, *(height + band for band in bands[:-1])])
    for top, band, images, row in zip(tops, bands, painted, rows, strict=True):
        mosaic[top : top + height, :, :width] = images.transpose(1, 0, 2, 3)
        if row.below:
            mosaic[top + height : top + height + band] = 1
    mosaic = mosaic.reshape(len(mosaic), -1, channels)[: len(mosaic) - bands[-1], :-gap]
    with mpl.rc_context(SETTINGS):
        figure = new_figure(0.8 + len(mosaic) / pixels_an_inch + SCALE_INCHES * bool(limit))
        # Under its title: how much height the labels take is not known before, and what is left is cropped below.
        axes = figure.add_subplot(anchor="N")
        show_image(axes, mosaic)
        axes.set_yticks(tops + (height - 1) / 2, [row.name for row in rows])
        axes.tick_params(length=0)
        for top, row in zip(tops, rows, strict=True):
            _write_below(axes, row.below, top + height, width, gap)
        if limit:
            _draw_scale(axes, limit)
        set_title(figure, title)
        save(figure, path, is_cropped=True)


def residual_limit(residuals: Sequence[np.ndarray]) -> float:
    """Return the difference that has the strongest colour, with one significant digit; 0 where there are none."""
    if not residuals:
        return 0.0
    sizes = np.concatenate([np.abs(_signed(images)).ravel() for images in residuals])
    largest = max(float(np.quantile(sizes, SHOWN_SHARE)), MIN_LIMIT)
    unit = 10.0 ** math.floor(math.log10(largest))
    return math.ceil(round(largest / unit, 6)) * unit


def _signed(residuals: np.ndarray) -> np.ndarray:
    """Return a number for each pixel: its root mean square over the channels, with the sign of their mean."""
    sizes = np.sqrt(np.square(residuals).mean(axis=-1))
    return np.where(residuals.mean(axis=-1) < 0, -sizes, sizes)


def _painted(row: Row, limit: float) -> np.ndarray:
    if not row.is_residual:
        return np.clip(row.images, 0, 1)
    return mpl.colormaps[DIVERGING](0.5 + _signed(row.images) / (2 * limit))[..., :3]


def _write_below(axes: Axes, texts: Sequence[str], top: float, width: int, gap: int) -> None:
    for column, text in enumerate(texts):
        place = column * (width + gap) + (width - 1) / 2, top
        axes.annotate(text, place, (0, -2), textcoords="offset points", ha="center", va="top", fontsize=LINE_POINTS)


def _draw_scale(axes: Axes, limit: float) -> None:
    scale = ScalarMappable(Normalize(-limit, limit), DIVERGING)
    bar = axes.figure.colorbar(scale, ax=axes, orientation="horizontal", shrink=0.5, aspect=40, pad=0.04, panchor=False)
    bar.set_ticks(
        [-limit, 0, limit], labels=[f"{-limit:g}: too dark", "0", f"{limit:g}: too bright"], fontsize=LINE_POINTS
    )
    bar.outline.set_visible(False)
