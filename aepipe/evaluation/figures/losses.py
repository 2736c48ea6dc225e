"""Figure of a training: its losses by epoch, and what they are made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from aepipe.evaluation.figures.charts import PlainNumbers, plain_log_ticks
from aepipe.evaluation.figures.style import LINEAR, MODEL, SETTINGS, new_figure, save, set_title

# A curve that falls this far is hard to read on a linear axis.
MIN_FALL = 2
# From here on an axis has room for ticks at 1, 2 and 5 times powers of ten.
DECADE = 10
MAX_MARKED = 20


@dataclass(frozen=True)
class CurveNames:
    """What the curves of a training are called.

    Attributes:
        unit: What the loss is counted in.
        penalty: What the model adds to it.
        changed: What was done to the training images alone, such as augmented; empty where nothing was.
        starts_plain: The training's value of epoch 0 is on images to which that was not done.
    """

    unit: str
    penalty: str = "penalty"
    changed: str = ""
    starts_plain: bool = False


def loss_curves(history: pd.DataFrame, kept_epoch: int, path: Path, title: str, names: CurveNames) -> None:
    """Write training and validation loss by epoch, and mark the epoch whose weights were kept.

    Where the model adds something to the loss, the loss without it and what it adds have panels of their own. On images
    that were changed and on those as they are a loss is another one, so they never share a line.

    Args:
        history: Columns epoch, loss, validation_loss, which may be empty, and maybe penalty and validation_penalty.
        kept_epoch: The epoch to mark.
        path: Where the PNG goes.
        title: Said above.
        names: What the curves are called.
    """
    parts = _parts(history, names)
    with mpl.rc_context(SETTINGS):
        figure = new_figure(5 if len(parts) == 1 else 4)
        panels = figure.subplots(1, len(parts), squeeze=False)[0]
        for panel, (part, (training, validation)) in zip(panels, parts.items(), strict=True):
            _draw(panel, history.epoch, training, validation, kept_epoch, names)
            panel.set_title("" if len(parts) == 1 else part)
        panels[0].set_ylabel(names.unit)
        set_title(figure, title)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        save(figure, path)


def _parts(history: pd.DataFrame, names: CurveNames) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Return the losses of training and validation, and of which parts they are the sums."""
    whole = history.loss, history.validation_loss
    if "penalty" not in history or not history.penalty.any():
        return {"loss": whole}
    added = history.penalty, history.validation_penalty
    without = history.loss - history.penalty, history.validation_loss - history.validation_penalty
    return {"loss": whole, "reconstruction": without, names.penalty: added}


def _draw(
    axes: Axes, epochs: pd.Series, training: pd.Series, validation: pd.Series, kept_epoch: int, names: CurveNames
) -> None:
    style: dict[str, Any] = {"marker": "o" if len(epochs) < MAX_MARKED else None, "markersize": 4}
    is_alike = epochs > 0 if names.changed and names.starts_plain else epochs >= 0
    label = f"training ({names.changed})" if names.changed else "training"
    axes.plot(epochs[is_alike], training[is_alike], color=MODEL, label=label, **style)
    if not is_alike.all():
        start: dict[str, Any] = {"marker": "o", "fillstyle": "none", "linestyle": "none"}
        axes.plot(epochs[~is_alike], training[~is_alike], color=MODEL, label="start (as they are)", **start)
    has_validation = validation.notna().any()
    if has_validation:
        axes.plot(
            epochs,
            validation,
            color=LINEAR,
            label="validation (as they are)" if names.changed else "validation",
            **style,
        )
    decisive = validation if has_validation else training
    axes.plot([kept_epoch], decisive[epochs == kept_epoch], "D", color="black", label=f"kept: epoch {kept_epoch}")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=6))
    # One epoch alone would be drawn on an axis of fractions of an epoch.
    axes.set_xlim(min(0.5, epochs.min() - 0.5), epochs.max() + 0.5)
    _choose_scale(axes, np.concatenate([training, validation.dropna()]))


def _choose_scale(axes: Axes, values: np.ndarray) -> None:
    smallest, largest = values.min(), values.max()
    # One that rises, as a divergence does, begins near 0.
    if smallest <= 0 or values[0] < MIN_FALL * smallest:
        return
    axes.set_yscale("log")
    if largest >= DECADE * smallest:
        plain_log_ticks(axes.yaxis)
        return
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PlainNumbers())
