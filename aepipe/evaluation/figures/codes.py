"""Figures of codes: maps in two dimensions, and how much of the code is used."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from aepipe.evaluation.figures.style import (
    MAX_NAMED_CLASSES,
    MODEL,
    SETTINGS,
    drawable_names,
    new_figure,
    save,
    set_title,
    short_name,
    show_image,
)

# A row of a map has room for so many thumbnails.
MOST_BESIDE = 14
PALE = "#bcd4e6"


def code_maps(
    maps: Mapping[str, np.ndarray],
    labels: np.ndarray | None,
    label_names: Sequence[str],
    path: Path,
    title: str,
    images: Callable[[np.ndarray], np.ndarray] | None = None,
) -> None:
    """Write codes in two dimensions, a panel for each kind of map, coloured by class or, without classes, with images.

    Args:
        maps: Kind to points, (num_images, 2).
        labels: (num_images,) class indices, or None.
        label_names: A name for each; up to 12 are named, above that there is a scale.
        path: Where the PNG goes.
        title: Said above.
        images: Returns images by their places among the points: (num_places, height, width, 1 or 3) in [0, 1].
    """
    with mpl.rc_context(SETTINGS):
        figure = new_figure(5)
        panels = figure.subplots(1, len(maps), squeeze=False)[0]
        for panel, (kind, points) in zip(panels, maps.items(), strict=True):
            if labels is None and images is not None:
                _draw_thumbnails(panel, points, images)
            elif labels is None:
                panel.scatter(*points.T, s=10, color=MODEL)
            elif len(label_names) <= MAX_NAMED_CLASSES:
                names = [short_name(name) for name in drawable_names(label_names)]
                colors = mpl.colormaps["tab20" if len(label_names) > 10 else "tab10"]
                for index in np.unique(labels):
                    of_class, name = points[labels == index], names[index]
                    panel.scatter(*of_class.T, s=10, color=colors(int(index)), label=name)
            else:
                shown = panel.scatter(*points.T, s=12, c=labels, cmap="turbo")
            panel.set(xticks=[], yticks=[], title=kind)
            panel.spines[:].set_visible(False)
            panel.grid(False)
        if labels is not None and len(label_names) <= MAX_NAMED_CLASSES:
            figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", markerscale=2)
        elif labels is not None:
            figure.colorbar(shown, ax=panels, label=f"class index, {len(label_names)} classes")
        set_title(figure, title)
        save(figure, path)


def _draw_thumbnails(axes: Axes, points: np.ndarray, images: Callable[[np.ndarray], np.ndarray]) -> None:
    """Draw points, and over them as many of their images as have room beside each other, each where its point is."""
    low, high = points.min(axis=0), points.max(axis=0)
    sides = np.where(high > low, high - low, 1) / MOST_BESIDE
    shown: list[int] = []
    for place, point in enumerate(points):
        if (np.abs(points[shown] - point) >= sides).any(axis=1).all():
            shown.append(place)
    axes.scatter(points[:, 0], points[:, 1], s=6, color=PALE)
    for (x, y), image in zip(points[shown], images(np.array(shown)), strict=True):
        # A longer side is as long as a thumbnail may be.
        height, width = sides[::-1] / 2 * np.array(image.shape[:2]) / max(image.shape[:2])
        show_image(axes, image, extent=(x - width, x + width, y - height, y + height), aspect="auto", zorder=2)
    axes.set(xlim=(low[0] - sides[0], high[0] + sides[0]), ylim=(low[1] - sides[1], high[1] + sides[1]))


def code_usage(deviations: np.ndarray, path: Path, title: str) -> None:
    """Write each code value's standard deviation over the images, (code_size,), the largest first."""
    with mpl.rc_context(SETTINGS):
        figure = new_figure(3.6)
        axes = figure.add_subplot()
        ordered = np.sort(deviations)[::-1]
        axes.fill_between(np.arange(len(ordered) + 1), np.append(ordered, ordered[-1]), step="post", color=MODEL)
        axes.set(xlabel="code value, the most varying first", ylabel="standard deviation")
        axes.set_xlim(0, len(ordered))
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        set_title(figure, title)
        save(figure, path)
