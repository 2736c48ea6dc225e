"""Figure of a model in use: alarms, score and drift of its scoring runs over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.ticker import PercentFormatter

from aepipe.evaluation.figures.style import LINEAR, MODEL, NOTHING, SETTINGS, new_figure, save, set_title

HALF_AN_HOUR = 1 / 48
MIN_P_VALUE = 1e-6
OVER = "#B3261E"
# A line, which of one run alone would be nothing, with a short one at each run.
REFERENCE = "_--"


@dataclass(frozen=True)
class RunsOverTime:
    """Scoring runs of one model, the oldest first; what could not be told of one is NaN.

    Attributes:
        started: ISO times.
        releases: Which release's model was used.
        alarm_shares: Shares of the pictures that are alarms.
        rates: The false-alarm rates that were promised.
        scores: (num_runs, 3), the quantiles of the run's scores.
        reference_scores: (num_runs, 3), those of the release's held-out pictures.
        p_values: Of the measure that drifted the least likely by chance.
        limits: The p-values beneath which chance is ruled out.
        is_over: (num_runs, 2), whether alarms and drift are over their limits.
    """

    started: Sequence[str]
    releases: Sequence[str]
    alarm_shares: np.ndarray
    rates: np.ndarray
    scores: np.ndarray
    reference_scores: np.ndarray
    p_values: np.ndarray
    limits: np.ndarray
    is_over: np.ndarray


def runs_over_time(runs: RunsOverTime, path: Path, title: str) -> None:
    """Write alarms, scores and drift of scoring runs, a panel each; a grey line is where another release came."""
    times = np.array([date2num(datetime.fromisoformat(started)) for started in runs.started])
    with mpl.rc_context(SETTINGS):
        figure = new_figure(8)
        alarms, scores, drift = figure.subplots(3, 1, sharex=True)
        _draw_alarms(alarms, times, runs)
        _draw_scores(scores, times, runs)
        _draw_drift(drift, times, runs)
        for axes in (alarms, scores, drift):
            for before, after in _changes(times, runs.releases):
                axes.axvline((before + after) / 2, color=NOTHING, linewidth=1, linestyle=":")
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=10)
        # One run alone would stand on an axis of years.
        margin = (times.max() - times.min()) / 20 or HALF_AN_HOUR
        drift.set_xlim(times.min() - margin, times.max() + margin)
        locator = AutoDateLocator(minticks=2, maxticks=6)
        drift.xaxis.set_major_locator(locator)
        drift.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        set_title(figure, title)
        save(figure, path)


def _draw_alarms(axes: Axes, times: np.ndarray, runs: RunsOverTime) -> None:
    axes.plot(times, runs.alarm_shares, "o-", color=MODEL, markersize=4, label="alarms")
    axes.plot(times, runs.rates, REFERENCE, color=LINEAR, label="promised")
    _mark(axes, times, runs.alarm_shares, runs.is_over[:, 0])
    axes.set_ylabel("share of pictures")
    axes.set_ylim(0, 1.15 * max(np.nanmax(runs.alarm_shares), np.nanmax(runs.rates)))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def _draw_scores(axes: Axes, times: np.ndarray, runs: RunsOverTime) -> None:
    low, median, high = runs.scores.T
    axes.fill_between(times, low, high, color=MODEL, alpha=0.2, linewidth=0, label="5 to 95%")
    axes.vlines(times, low, high, color=MODEL, alpha=0.3)
    axes.plot(times, median, "o-", color=MODEL, markersize=4, label="median")
    for column, label in enumerate(("held out", None, None)):
        axes.plot(times, runs.reference_scores[:, column], REFERENCE, color=LINEAR, label=label)
    axes.set_ylabel("score")


def _draw_drift(axes: Axes, times: np.ndarray, runs: RunsOverTime) -> None:
    p_values = np.maximum(runs.p_values, MIN_P_VALUE)
    axes.plot(times, p_values, "o-", color=MODEL, markersize=4, label="least likely")
    axes.plot(times, runs.limits, REFERENCE, color=LINEAR, label="limit")
    _mark(axes, times, p_values, runs.is_over[:, 1])
    axes.set_yscale("log")
    axes.set_ylim(MIN_P_VALUE / 2, 2)
    axes.set_ylabel("p-value of drift")


def _mark(axes: Axes, times: np.ndarray, values: np.ndarray, is_over: np.ndarray) -> None:
    if is_over.any():
        axes.plot(times[is_over], values[is_over], "o", color=OVER, markersize=8, label="over")


def _changes(times: np.ndarray, releases: Sequence[str]) -> list[tuple[float, float]]:
    numbers = [n for n in range(1, len(releases)) if releases[n] != releases[n - 1]]
    return [(float(times[n - 1]), float(times[n])) for n in numbers]
