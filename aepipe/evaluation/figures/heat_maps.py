"""Heat maps: where a reconstruction is off, over the picture itself."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np

from aepipe.evaluation.figures.style import DOTS_PER_INCH, SETTINGS, new_figure, save, set_title, show_image

# Of one panel; a larger picture is drawn smaller.
MIN_INCHES, MAX_INCHES = 3.2, 7.0
BAR_INCHES, TITLE_INCHES = 1.1, 0.8
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
    height, width = residual.shape
    longest = np.clip(max(height, width) / DOTS_PER_INCH, MIN_INCHES, MAX_INCHES)
    inches = longest * np.array([height, width]) / max(height, width)
    hottest = max(float(np.nanmax(residual)), heat_map.usual)
    with mpl.rc_context(SETTINGS):
        figure = new_figure(max(1.6, float(inches[0])) + TITLE_INCHES, 2 * max(1.6, float(inches[1])) + BAR_INCHES)
        left, right = figure.subplots(1, 2)
        for axes in (left, right):
            show_image(axes, pixels if axes is left else np.repeat(pixels.mean(-1, keepdims=True), 3, -1))
        heat = residual / hottest
        opacity = MOST_OPAQUE * np.nan_to_num(np.sqrt(np.clip(heat, 0, 1)))
        shown = right.imshow(residual, cmap=COLORS, vmin=0, vmax=hottest, alpha=opacity, interpolation="nearest")
        # The bar is opaque, whatever is seen through the colors.
        bar = mpl.cm.ScalarMappable(shown.norm, COLORS)
        figure.colorbar(bar, ax=right, label="squared error, smoothed", shrink=0.9).ax.tick_params(labelsize=9)
        set_title(figure, heat_map.title)
        save(figure, path, is_cropped=True)


def _drawable(values: np.ndarray) -> np.ndarray:
    """Return every second, third, ... pixel of what has more than a panel has dots."""
    step = -(-max(values.shape[:2]) // int(MAX_INCHES * DOTS_PER_INCH))
    return values[::step, ::step]
