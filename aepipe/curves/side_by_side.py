"""Histories of published models side by side: how their errors on the validation part fell, by epoch and by time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from aepipe.errors import CorruptObjectError, ObjectNotFoundError
from aepipe.evaluation.catalogue import DENOISED_MSE
from aepipe.pages.table import data_key, describe_setting, tell_apart
from aepipe.recipes.published import PublishedModel
from aepipe.releases.facts import RecipeSummary
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file

COLUMNS = ["epoch", "validation_mse", "seconds"]


@dataclass(frozen=True)
class Course:
    """How a published model was trained.

    Attributes:
        model: Its name.
        release: The release that it is in.
        trained: Its setting with what was changed about it, and the size of the code.
        hardware: What it was trained on.
        epochs: Numbers of the epochs with a validation error, (num_epochs,).
        seconds: How long the training had gone on after each, (num_epochs,).
        mse: Validation MSE per pixel after each, (num_epochs,).
    """

    model: str
    release: str
    trained: str
    hardware: str
    epochs: np.ndarray
    seconds: np.ndarray
    mse: np.ndarray

    @property
    def label(self) -> str:
        """What tells it from others."""
        return f"{self.model}, {self.release}: {self.trained}"

    @property
    def lowest_mse(self) -> float:
        """Its smallest error."""
        return float(self.mse.min())

    @property
    def lowest_epoch(self) -> int:
        """The epoch of it."""
        return int(self.epochs[self.mse.argmin()])

    def seconds_to(self, mse: float) -> float | None:
        """Return how long it took to come to an error; None where it never did."""
        there = np.flatnonzero(self.mse <= mse)
        return float(self.seconds[there[0]]) if len(there) else None


def read_course(store: Store, model: PublishedModel) -> Course | None:
    """Return how a model was trained; None where its release has no history, or nothing was held out from training.

    Raises:
        CorruptObjectError: its history is no such table, or not the one that was published.
    """
    try:
        ref = model.ref(store.url, "history.csv", "table")
    except ObjectNotFoundError:
        return None
    try:
        history = pd.read_csv(local_file(store, ref))[COLUMNS].astype(float)
    except (ValueError, KeyError) as error:
        rule = f"A history has the columns {', '.join(COLUMNS)}, of numbers."
        raise CorruptObjectError(rule, "Restore the release from a backup.", uri=ref.uri) from error
    history["seconds"] = history.seconds.cumsum()
    shown = history[np.isfinite(history.validation_mse)]
    summary, manifest = model.summary, model.manifest
    if shown.empty:
        return None
    setting = describe_setting(manifest, model.recipe, summary)
    return Course(
        model=model.name,
        release=manifest.release,
        trained=f"{setting}, code {summary.code_size}",
        hardware=", ".join(manifest.hardware),
        epochs=shown.epoch.to_numpy(),
        seconds=shown.seconds.to_numpy(),
        mse=shown.validation_mse.to_numpy(),
    )


def group_by_data(models: Iterable[PublishedModel]) -> Mapping[str, list[PublishedModel]]:
    """Return models by what must be equal for their errors to compare, in words: data, split, added noise."""
    models = list(models)
    names = tell_apart(data_key(model.summary) for model in models)
    groups: dict[str, list[PublishedModel]] = {}
    for model in models:
        noisy = ", from noisy input" if _is_denoiser(model.summary) else ""
        groups.setdefault(f"{names[data_key(model.summary)]}{noisy}", []).append(model)
    return groups


def _is_denoiser(summary: RecipeSummary) -> bool:
    """Tell whether a model's validation error is that of what it makes of noisy images."""
    return summary.metrics.get(DENOISED_MSE) is not None
