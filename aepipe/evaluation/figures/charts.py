"""Figures that show numbers: errors by class and by noise, by image, over time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.ticker import LogFormatter, NullFormatter

from aepipe.evaluation.figures.style import (
    LINEAR,
    MAX_NAMED_CLASSES,
    MODEL,
    NOTHING,
    SETTINGS,
    drawable_names,
    new_figure,
    save,
    set_title,
    short_name,
)
from aepipe.evaluation.intervals import Interval
from aepipe.evaluation.metrics import MIN_MSE

NUM_BINS = 41
MIN_ERROR_SHARE = 1e-4
# Times are drawn as numbers of days.
HALF_A_DAY = 0.5


class ErrorsOverTime(Protocol):
    """Errors at some times."""

    @property
    def label(self) -> str:
        """What tells it from other series."""

    @property
    def created(self) -> Sequence[str]:
        """ISO times."""

    @property
    def mse(self) -> Sequence[float]:
        """MSE per pixel at each time."""

    @property
    def reference(self) -> Sequence[float]:
        """What it is compared with, at each time."""

    @property
    def intervals(self) -> Sequence[Interval | None]:
        """The 95% interval of each error; None where it has none."""


class Mean(Protocol):
    """A mean over images."""

    @property
    def value(self) -> float:
        """The mean."""

    @property
    def interval(self) -> Interval | None:
        """Its 95% interval; None where it has none."""


def mse_by_class(
    errors: Mapping[str, Mean], baseline_errors: Mapping[str, Mean], path: Path, title: str, baseline: str = "PCA"
) -> None:
    """Write the error of each class with its interval, beside a baseline's at the same code size.

    Many classes are sorted, not named.
    """
    names = list(errors) if len(errors) <= MAX_NAMED_CLASSES else sorted(errors, key=lambda name: errors[name].value)
    places = np.arange(len(names))
    with mpl.rc_context(SETTINGS):
        figure = new_figure(5)
        axes = figure.add_subplot()
        _bars(axes, places - 0.2, [errors[name] for name in names], MODEL, "model")
        _bars(axes, places + 0.2, [baseline_errors[name] for name in names], LINEAR, f"{baseline}, same code size")
        axes.grid(False, axis="x")
        axes.set(ylabel="MSE per pixel; lines: 95% intervals")
        set_title(figure, title)
        if len(names) <= MAX_NAMED_CLASSES:
            long_names = max(map(len, names)) > 7
            axes.set_xticks(
                places,
                [short_name(name) for name in drawable_names(names)],
                rotation=30 if long_names else 0,
                ha="right" if long_names else "center",
            )
        else:
            axes.set(xticks=[], xlabel=f"{len(names)} classes, from the best to the worst")
        figure.legend(loc="outside lower center", ncols=2)
        save(figure, path)


def _bars(axes: Axes, places: np.ndarray, means: Sequence[Mean], color: str, label: str) -> None:
    axes.bar(places, [mean.value for mean in means], 0.4, color=color, label=label)
    for place, mean in zip(places, means, strict=True):
        if mean.interval is not None:
            axes.plot([place, place], [mean.interval.low, mean.interval.high], color="black", linewidth=1)


def error_over_time(series: Sequence[ErrorsOverTime], path: Path, title: str) -> None:
    """Write a recipe's error over time, a line for each series.

    Args:
        series: Each has label, created (ISO times), mse with its intervals, and reference, which is dashed.
        path: Where the PNG goes.
        title: Said above.
    """
    colors = mpl.colormaps["tab10"]
    with mpl.rc_context(SETTINGS):
        figure = new_figure(4)
        axes = figure.add_subplot()
        drawn: list[float] = []
        for number, line in enumerate(series):
            times = [date2num(datetime.fromisoformat(created)) for created in line.created]
            axes.plot(times, line.mse, "o-", color=colors(number % 10), label=short_name(line.label, 80))
            axes.plot(times, line.reference, "_--", color=colors(number % 10), markersize=12)
            for when, interval in zip(times, line.intervals, strict=False):
                if interval is not None:
                    axes.plot([when, when], [interval.low, interval.high], color=colors(number % 10), linewidth=1)
            drawn += times
        axes.set_ylabel("MSE per pixel")
        axes.set_ylim(0, 1.1 * max(max(*line.mse, *line.reference) for line in series) or 1)
        # One release alone would stand on an axis of years.
        margin = (max(drawn) - min(drawn)) / 20 or HALF_A_DAY
        axes.xaxis_date()
        axes.set_xlim(min(drawn) - margin, max(drawn) + margin)
        locator = AutoDateLocator(minticks=2, maxticks=6)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        set_title(figure, title)
        figure.legend(loc="outside lower center")
        save(figure, path)


def error_by_noise(curves: Mapping[str, pd.DataFrame], path: Path, title: str) -> None:
    """Write the error by level of noise, a panel for each kind.

    Args:
        curves: Kind to a table with the columns level, model, linear, nothing (MSE per pixel against the clean image);
            maybe with model_interval and nothing_interval.
        path: Where the PNG goes.
        title: Said above.
    """
    lines = {
        "model": ("model", MODEL, "o-"),
        "linear": ("best linear map for this noise", LINEAR, "s--"),
        "nothing": ("doing nothing", NOTHING, "^:"),
    }
    num_columns = min(3, len(curves))
    num_rows = -(-len(curves) // num_columns)
    with mpl.rc_context(SETTINGS):
        figure = new_figure(0.9 + 2.6 * num_rows)
        panels = figure.subplots(num_rows, num_columns, sharey=True, squeeze=False)
        for panel in panels.flat[len(curves) :]:
            panel.axis("off")
        for panel, (kind, table) in zip(panels.flat, curves.items(), strict=False):
            for column, (label, color, style) in lines.items():
                panel.plot(table.level, table[column], style, color=color, label=label)
                _draw_band(panel, table, column, color)
            panel.set_yscale("log")
            panel.set_title(kind)
            panel.set_xticks(table.level, [f"{level:g}" for level in table.level])
            plain_log_ticks(panel.yaxis)
            panel.set_xlabel("level")
        for row in panels:
            row[0].set_ylabel("MSE per pixel")
        set_title(figure, title)
        handles, names = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3)
        save(figure, path)


def _draw_band(panel: Axes, table: pd.DataFrame, column: str, color: str) -> None:
    """Draw the intervals of a noise curve, where it has any."""
    intervals = table.get(f"{column}_interval")
    if intervals is not None and intervals.notna().all():
        low, high = zip(*((interval.low, interval.high) for interval in intervals), strict=True)
        panel.fill_between(table.level, low, high, color=color, alpha=0.25, linewidth=0)


def error_histogram(
    errors: np.ndarray, baseline_errors: np.ndarray, path: Path, title: str, baseline: str = "PCA"
) -> None:
    """Write how many images have which error, (num_images,), beside a baseline's at the same code size."""
    values = np.concatenate([errors, baseline_errors])
    smallest = max(values.min(), values.max() * MIN_ERROR_SHARE, MIN_MSE)
    # Errors are spread over powers of ten; an error of none would have no place among them.
    bins = np.geomspace(smallest, max(values.max(), 2 * smallest), NUM_BINS).tolist()
    with mpl.rc_context(SETTINGS):
        figure = new_figure(4)
        axes = figure.add_subplot()
        beside = f"{baseline}, same code size"
        for name, color, numbers in (("model", MODEL, errors), (beside, LINEAR, baseline_errors)):
            axes.hist(np.maximum(numbers, smallest), bins, histtype="stepfilled", color=color, alpha=0.45, label=name)
            axes.axvline(max(numbers.mean(), smallest), color=color, linestyle="--")
        axes.set_xscale("log")
        plain_log_ticks(axes.xaxis)
        axes.set(xlabel="MSE per pixel; dashed: the mean", ylabel="images")
        set_title(figure, title)
        figure.legend(loc="outside lower center", ncols=2)
        save(figure, path)


def plain_log_ticks(axis) -> None:
    """Label a logarithmic axis at 1, 2 and 5 times powers of ten, in plain numbers."""
    axis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(PlainNumbers())
    axis.set_minor_formatter(NullFormatter())


class PlainNumbers(LogFormatter):
    """Labels of a logarithmic axis as plain numbers."""

    def __call__(self, x: float, pos=None) -> str:
        """Return a tick's label."""
        return f"{x:g}"
