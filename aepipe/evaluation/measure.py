"""Everything that is measured about one trained model, on images that it never saw."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aepipe.cells import as_cells
from aepipe.evaluation.catalogue import DENOISED_MSE, HIDDEN_MSE, LINEAR_MSE, NEIGHBOURS_MSE, NOISY_MSE, NOISY_PSNR
from aepipe.evaluation.codes import code_statistics, silhouette
from aepipe.evaluation.drawing import draw
from aepipe.evaluation.figures.style import numbered_classes
from aepipe.evaluation.hidden import MAX_IMAGES, hidden_errors, hide_held_out, mean_of_neighbours
from aepipe.evaluation.measurements import Measurements, take_measurements
from aepipe.evaluation.metrics import ALL, MIN_MSE, MetricRow, mse_by_class, psnr_db
from aepipe.evaluation.opponents import Opponents
from aepipe.evaluation.strongest import BASELINES, require_strongest
from aepipe.evaluation.subject import HeldOut, Subject, predict
from aepipe.training.collapse import is_collapsed

# What is said of a whole set beside its mean errors, where it can be said.
WHOLE_SET = (
    *("mse_median", "mse_95th_percentile", "code_silhouette", "probe_accuracy", "pca_probe_accuracy"),
    *("neighbours_of_class", "pca_neighbours_of_class"),
    *(HIDDEN_MSE, NEIGHBOURS_MSE),
    NOISY_PSNR,
)
# By a noisy test set these have a row for each of its levels.
OF_PAIRS = (DENOISED_MSE, LINEAR_MSE, NOISY_MSE)


def measure(folder: Path, subject: Subject, held_out: HeldOut, opponents: Opponents) -> dict[str, Any]:
    """Write metrics.csv, codes.npz and figures into a folder.

    Args:
        folder: Where they go.
        subject: The model.
        held_out: What it is measured on.
        opponents: What it has to beat at its code size.

    Returns:
        The figures that the gate and the report ask for.
    """
    measured = take_measurements(subject, held_out, opponents)
    facts = _facts(subject, held_out, measured)
    _write_metrics(folder / "metrics.csv", subject, held_out, measured, facts)
    test = held_out.split.test
    labels = held_out.labels(test)
    _write_codes(folder / "codes.npz", measured, test, labels)
    draw(folder / "figures", subject, held_out, measured)
    return facts


def _write_codes(path: Path, measured: Measurements, rows: np.ndarray, labels: np.ndarray | None) -> None:
    if labels is None:
        np.savez(path, codes=measured.codes, rows=rows, errors=measured.errors)
    else:
        np.savez(path, codes=measured.codes, rows=rows, errors=measured.errors, labels=labels)


def _facts(subject: Subject, held_out: HeldOut, measured: Measurements) -> dict[str, Any]:
    codes, labels = measured.codes, held_out.labels(held_out.split.test)
    whole = {metric: value for class_name, metric, value in measured.summary if class_name == ALL}
    return {
        **{metric: value for metric, value in whole.items() if metric != "num_images"},
        "source_unit": subject.source_unit,
        **{f"{name}_mse_per_pixel": float(errors.mean()) for name, errors in measured.opponents.errors.items()},
        **{f"{name}_chosen": chosen for name, chosen in measured.opponents.chosen.items()},
        "mse_median": float(np.median(measured.errors)),
        "mse_95th_percentile": float(np.quantile(measured.errors, 0.95)),
        "num_test_images": len(codes),
        "code_size": codes.shape[1],
        "numbered_classes": numbered_classes(held_out.data.label_names),
        "compression_ratio": held_out.data.images[0].size / codes.shape[1],
        "collapsed": is_collapsed(codes),
        **code_statistics(codes),
        "code_silhouette": None if labels is None else silhouette(codes, labels),
        "probe_accuracy": measured.probe_accuracy,
        "pca_probe_accuracy": measured.pca_probe_accuracy,
        "neighbours_of_class": measured.neighbours_of_class,
        "pca_neighbours_of_class": measured.pca_neighbours_of_class,
        **(_facts_of_pairs(measured) if held_out.has_pairs else _denoising_facts(subject, measured.curves)),
        **_hidden_facts(subject, held_out),
    }


def _write_metrics(
    path: Path, subject: Subject, held_out: HeldOut, measured: Measurements, facts: Mapping[str, Any]
) -> None:
    who = {"recipe": subject.recipe, "setting": subject.setting, "evaluation_set": held_out.name}
    rows = [MetricRow(**who, class_name=name, metric=metric, value=value) for name, metric, value in measured.summary]
    labels = held_out.labels(held_out.split.test), held_out.data.label_names
    rows += [
        MetricRow(**who, class_name=class_name, metric=f"{name}_mse_per_pixel", value=value)
        for name, errors in measured.opponents.errors.items()
        if f"{name}_mse_per_pixel" in BASELINES
        for class_name, value in mse_by_class(errors, *labels)
    ]
    strongest = require_strongest(facts)
    rows.append(MetricRow(**who, metric="strongest_baseline_mse_per_pixel", value=strongest.mse_per_pixel))
    names = (*WHOLE_SET, *OF_PAIRS) if held_out.has_pairs else WHOLE_SET
    rows += [MetricRow(**who, metric=name, value=facts[name]) for name in names if facts.get(name) is not None]
    columns = {
        "model": "denoised_mse_per_pixel",
        "linear": "linear_mse_per_pixel",
        "nothing": "noisy_mse_per_pixel",
    }
    for kind, table in measured.curves.items():
        for line in table.itertuples():
            noise = f"{kind} {line.level:g}"
            rows += [
                MetricRow(**who, noise=noise, metric=metric, value=getattr(line, column))
                for column, metric in columns.items()
            ]
    pd.DataFrame([as_cells(row.model_dump()) for row in rows]).to_csv(path, index=False)


def _denoising_facts(subject: Subject, curves: Mapping[str, pd.DataFrame]) -> dict[str, float | None]:
    """Return a denoiser's errors on Gaussian noise of the level that it was trained for, if the test set has that."""
    table = curves.get("gaussian")
    if subject.trained_noise_level is None or table is None:
        return {}
    found = table[np.isclose(table.level, subject.trained_noise_level)]
    if found.empty:
        return {}
    return {
        "denoised_mse_per_pixel": float(found.model.iloc[0]),
        "linear_mse_per_pixel": float(found.linear.iloc[0]),
        "noisy_mse_per_pixel": float(found.nothing.iloc[0]),
    }


def _facts_of_pairs(measured: Measurements) -> dict[str, float]:
    """Return the error of a denoiser on noisy images whose clean ones are known, and what they were before."""
    before = psnr_db(max(float(measured.opponents.errors["noisy"].mean()), MIN_MSE))
    return {DENOISED_MSE: float(measured.errors.mean()), NOISY_PSNR: before}


def _hidden_facts(subject: Subject, held_out: HeldOut) -> dict[str, float | None]:
    """Return the errors of hidden pixels, by the model and by the mean of their neighbours."""
    if subject.hidden_share is None:
        return {HIDDEN_MSE: None, NEIGHBOURS_MSE: None}
    test = held_out.split.test
    inputs, targets, hidden = hide_held_out(held_out.data.scaled(test[:MAX_IMAGES]), subject.hidden_share, test)
    guesses = {
        HIDDEN_MSE: predict(subject.autoencoder.model, inputs),
        NEIGHBOURS_MSE: mean_of_neighbours(inputs),
    }
    return {name: float(hidden_errors(targets, guess, hidden).mean()) for name, guess in guesses.items()}
