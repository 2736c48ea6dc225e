"""Figure of detection: how the scores of normal and anomalous pictures lie, and what each threshold finds."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np

from aepipe.evaluation.figures.style import LINEAR, MODEL, NOTHING, SETTINGS, new_figure, save, set_title

NUM_BINS = 41
ANOMALOUS_COLOR = "#D55E00"
# Scores over so many powers of ten are drawn by their logarithm.
MANY_TIMES = 30
# A few scores far from all others would leave the rest in one bin.
LOWEST, HIGHEST = 0.001, 0.999
ROOM_ABOVE = 1.15


def detection(
    normal: np.ndarray,
    anomalous: np.ndarray,
    threshold: float,
    curves: Mapping[str, tuple[np.ndarray, np.ndarray, float]],
    path: Path,
    title: str,
    score: str,
) -> None:
    """Write the shares of normal and anomalous pictures by score, with the threshold, beside the ROC curves.

    Args:
        normal: (num_normal,) scores.
        anomalous: (num_anomalous,) scores.
        threshold: A picture with a higher score is called anomalous.
        curves: False alarm rates, detection rates and AUROC, by name; the model's first.
        path: Where the PNG goes.
        title: Said above.
        score: What the score is called.
    """
    with mpl.rc_context(SETTINGS):
        figure = new_figure(4.6)
        left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
        _draw_scores(left, normal, anomalous, threshold, score)
        right.plot([0, 1], [0, 1], ":", color=NOTHING, linewidth=1)
        for (name, (false, true, area)), color, style in zip(curves.items(), (MODEL, LINEAR), ("-", "--"), strict=True):
            right.plot(false, true, style, color=color, label=f"{name}: AUROC {area:.3f}")
        right.set(xlabel="normal pictures above the threshold", ylabel="anomalous ones", aspect="equal")
        right.legend(loc="lower right", fontsize=10)
        set_title(figure, title)
        save(figure, path)


def _draw_scores(axes, normal: np.ndarray, anomalous: np.ndarray, threshold: float, score: str) -> None:
    values = np.concatenate([normal, anomalous])
    low, high = np.quantile(values, [LOWEST, HIGHEST])
    low, high = min(low, threshold), max(high, threshold)
    is_wide = low > 0 and high / low > MANY_TIMES
    space = np.geomspace if is_wide else np.linspace
    bins = space(low, high if high > low else low + 1, NUM_BINS)
    for name, color, scores in (("normal", MODEL, normal), ("anomalous", ANOMALOUS_COLOR, anomalous)):
        weights = np.full(len(scores), 1 / len(scores))
        label = f"{name} ({len(scores):,})"
        axes.hist(np.clip(scores, low, bins[-1]), bins, weights=weights, color=color, alpha=0.5, label=label)
    axes.axvline(threshold, color="black", linestyle="--", label="threshold")
    if is_wide:
        axes.set_xscale("log")
    axes.set(xlabel=f"score {score}", ylabel="share of the pictures")
    # Above the bars, which may be anywhere.
    axes.set_ylim(top=ROOM_ABOVE * axes.get_ylim()[1])
    axes.legend(fontsize=10, loc="upper center", ncols=3)
