"""Heat maps: where a reconstruction is off, over the picture itself."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aepipe.evaluation.figures.style import DOTS_PER_INCH, SETTINGS, save, set_title, show_image

# Of one panel; a larger picture is drawn smaller.
MIN_INCHES, MAX_INCHES = 3.2, 7.0
# Around and between panels and bar; the bar, which is never too low for its name; right of it its numbers and its name.
GAP_INCHES, BAR_INCHES, MIN_BAR_INCHES, NUMBERS_INCHES = 0.12, 0.16, 2.2, 0.95
# The title has at least so much room.
MIN_TITLE_INCHES = 4.0
COLORS = "inferno"
# Of what is hottest: something of the picture is still seen through it.
MOST_OPAQUE = 0.85


@dataclass(frozen=True)
class HeatMap:
    """One picture with what is wrong with its reconstruction.

    Attributes:
        title: Said above.
        pixels: (height, width, 1 or 3) in [0, 1].
        residual: (height, width), NaN where nothing is known.
        usual: What the hottest color stands for at least: less than that is found in normal pictures, too.
    """

    title: str
    pixels: np.ndarray
    residual: np.ndarray
    usual: float


def draw_heat_map(heat_map: HeatMap, path: Path) -> None:
    """Write a picture beside itself under its residual, with a color bar."""
    pixels, residual = _drawable(heat_map.pixels), _drawable(heat_map.residual)
    hottest = max(float(np.nanmax(residual)), heat_map.usual)
    with mpl.rc_context(SETTINGS):
        figure, left, right, bar = _lay_out(heat_map.title, residual.shape)
        show_image(left, pixels)
        show_image(right, np.repeat(pixels.mean(-1, keepdims=True), 3, -1))
        opacity = MOST_OPAQUE * np.nan_to_num(np.sqrt(np.clip(residual / hottest, 0, 1)))
        shown = right.imshow(residual, cmap=COLORS, vmin=0, vmax=hottest, alpha=opacity, interpolation="nearest")
        # The bar is opaque, whatever is seen through the colors.
        figure.colorbar(mpl.cm.ScalarMappable(shown.norm, COLORS), cax=bar, label="squared error, smoothed")
        bar.tick_params(labelsize=9)
        save(figure, path)


def _lay_out(title: str, shape: tuple[int, ...]) -> tuple[Figure, Axes, Axes, Axes]:
    """Return a figure with its title, two panels for a picture of this (height, width), and a bar.

    The places are computed: to have them found takes Matplotlib longer than to draw everything.
    """
    longest = np.clip(max(shape) / DOTS_PER_INCH, MIN_INCHES, MAX_INCHES)
    height, width = (float(longest * side / max(shape)) for side in shape)
    tallest, step = max(height, MIN_BAR_INCHES), width + GAP_INCHES
    used = 2 * step + BAR_INCHES + NUMBERS_INCHES
    total = max(used + GAP_INCHES, MIN_TITLE_INCHES)
    lefts = (total - used + GAP_INCHES) / 2 + step * np.arange(3)
    figure = Figure((total, tallest), dpi=DOTS_PER_INCH, facecolor="white")
    _add_title(figure, title)
    unit = figure.get_size_inches()

    def add(left: float, size: tuple[float, float]) -> Axes:
        (x, y), (of_width, of_height) = (left, GAP_INCHES + (tallest - size[1]) / 2) / unit, size / unit
        return figure.add_axes((x, y, of_width, of_height))

    left, right = (add(place, (width, height)) for place in lefts[:2])
    return figure, left, right, add(lefts[2], (BAR_INCHES, 0.94 * tallest))


def _add_title(figure: Figure, title: str) -> None:
    """Write a title above a figure, which becomes higher by it."""
    heading = set_title(figure, title)
    extent = heading.get_window_extent()
    # Of a script with wide characters a line has less room.
    smaller = min(1.0, (figure.get_figwidth() - 2 * GAP_INCHES) * figure.dpi / extent.width)
    heading.set_fontsize(float(heading.get_fontsize()) * smaller)
    figure.set_figheight(figure.get_figheight() + smaller * extent.height / figure.dpi + 3 * GAP_INCHES)
    heading.set_y(1 - GAP_INCHES / figure.get_figheight())


def _drawable(values: np.ndarray) -> np.ndarray:
    """Return every second, third, ... pixel of what has more than a panel has dots."""
    step = -(-max(values.shape[:2]) // int(MAX_INCHES * DOTS_PER_INCH))
    return values[::step, ::step]
