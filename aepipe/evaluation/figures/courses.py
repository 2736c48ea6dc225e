"""Figure of several trainings side by side: the error by epoch and by time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from aepipe.evaluation.figures.charts import PlainNumbers, plain_log_ticks
from aepipe.evaluation.figures.style import SETTINGS, new_figure, save, set_title, short_name

MAX_COURSES = 10
MAX_MARKED = 20
# From here on an axis has room for ticks at 1, 2 and 5 times powers of ten.
DECADE = 10
LINE_INCHES = 0.28
# An axis of time in the unit that a person would say it in.
UNITS = (("hours", 3600), ("minutes", 60), ("seconds", 1))
MANY_UNITS = 3


class Course(Protocol):
    """A training's error, epoch by epoch."""

    @property
    def label(self) -> str:
        """What tells it from others."""

    @property
    def epochs(self) -> np.ndarray:
        """Numbers of the epochs, (num_epochs,)."""

    @property
    def seconds(self) -> np.ndarray:
        """How long the training had gone on after each, (num_epochs,)."""

    @property
    def mse(self) -> np.ndarray:
        """MSE per pixel after each, (num_epochs,)."""


def training_courses(courses: Sequence[Course], path: Path, title: str) -> None:
    """Write the validation error of trainings by epoch and by time; a diamond is on the smallest of each.

    Args:
        courses: The trainings, from one to `MAX_COURSES`, which there are colours for.
        path: Where the PNG goes.
        title: Said above.
    """
    longest = max(float(course.seconds[-1]) for course in courses)
    unit, length = next((unit for unit in UNITS if longest >= MANY_UNITS * unit[1]), UNITS[-1])
    with mpl.rc_context(SETTINGS):
        figure = new_figure(4 + LINE_INCHES * len(courses))
        by_epoch, by_time = figure.subplots(1, 2, sharey=True)
        for number, course in enumerate(courses):
            _draw(by_epoch, course, course.epochs, number)
            _draw(by_time, course, course.seconds / length, number)
        by_epoch.set(xlabel="epoch", ylabel="validation MSE per pixel")
        by_epoch.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=6))
        by_time.set(xlabel=f"{unit} of training")
        by_time.set_xlim(left=0)
        _choose_ticks(by_epoch, np.concatenate([course.mse for course in courses]))
        set_title(figure, title)
        figure.legend(*by_epoch.get_legend_handles_labels(), loc="outside lower left")
        save(figure, path)


def _draw(axes: Axes, course: Course, places: np.ndarray, number: int) -> None:
    color, marker = mpl.colormaps["tab10"](number), "o" if len(course.epochs) < MAX_MARKED else None
    label = short_name(course.label, 90)
    axes.plot(places, course.mse, color=color, marker=marker, markersize=4, linewidth=1.5, label=label)
    lowest = int(course.mse.argmin())
    axes.plot(places[lowest], course.mse[lowest], "D", color=color, markeredgecolor="black", markersize=6)


def _choose_ticks(axes: Axes, values: np.ndarray) -> None:
    # An error of 0 has no place on such an axis.
    if values.min() <= 0:
        return
    axes.set_yscale("log")
    if values.max() >= DECADE * values.min():
        plain_log_ticks(axes.yaxis)
        return
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PlainNumbers())
