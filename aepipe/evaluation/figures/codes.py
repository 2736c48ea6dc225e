"""Figures of codes: maps in two dimensions, and how much of the code is used."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
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
)


def code_maps(
    maps: Mapping[str, np.ndarray], labels: np.ndarray | None, label_names: Sequence[str], path: Path, title: str
) -> None:
    """Write codes in two dimensions, a panel for each kind of map, coloured by class.

    Args:
        maps: Kind to points, (num_images, 2).
        labels: (num_images,) class indices, or None.
        label_names: A name for each; up to 12 are named, above that there is a scale.
        path: Where the PNG goes.
        title: Said above.
    """
    with mpl.rc_context(SETTINGS):
        figure = new_figure(5)
        panels = figure.subplots(1, len(maps), squeeze=False)[0]
        for panel, (kind, points) in zip(panels, maps.items(), strict=True):
            if labels is None:
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
