"""Histograms of scores: new pictures beside the held-out ones that they are judged by."""

from pathlib import Path

import matplotlib as mpl
import numpy as np

from aepipe.evaluation.figures.style import LINEAR, MODEL, SETTINGS, new_figure, save, set_title

NUM_BINS = 40
# A few pictures far out must not press all others into one bar.
LARGEST_RATIO = 30


def draw_score_histogram(calibration: np.ndarray, scores: np.ndarray, threshold: float, score: str, path: Path) -> None:
    """Write how scores are distributed, as shares of each kind.

    Args:
        calibration: Of held-out normal pictures.
        scores: Of the new ones.
        threshold: Above it a picture is anomalous.
        score: The score's name.
        path: Where the PNG goes.
    """
    both = np.concatenate([calibration, scores])
    is_wide = both.min() > 0 and both.max() > LARGEST_RATIO * np.median(both)
    bins = np.geomspace(both.min(), both.max(), NUM_BINS) if is_wide else np.linspace(both.min(), both.max(), NUM_BINS)
    if bins[0] == bins[-1]:
        bins = bins[0] + np.array([-0.5, 0.5])
    with mpl.rc_context(SETTINGS):
        figure = new_figure(3.9)
        axes = figure.add_subplot()
        for values, color, name in (
            (calibration, MODEL, f"held-out normal pictures ({len(calibration):,})"),
            (scores, LINEAR, f"these pictures ({len(scores):,})"),
        ):
            weights = np.full(len(values), 1 / len(values))
            axes.hist(values, bins.tolist(), weights=weights, color=color, alpha=0.6, label=name)
        if both.min() <= threshold <= both.max():
            axes.axvline(threshold, color="black", linestyle="--", label="anomalous beyond")
        axes.set(xscale="log" if is_wide else "linear", xlabel=f"score: {score}", ylabel="share of the pictures")
        figure.legend(loc="outside lower center", ncols=3)
        set_title(figure, "Scores of these pictures beside those that they are judged by")
        save(figure, path)
