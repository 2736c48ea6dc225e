"""Everything that is measured about one trained model, on images that it never saw."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aepipe.cells import as_cells
from aepipe.evaluation.bootstrap import bootstrap_interval
from aepipe.evaluation.catalogue import DENOISED_MSE, HIDDEN_MSE, LINEAR_MSE, NEIGHBOURS_MSE, NOISY_MSE, NOISY_PSNR
from aepipe.evaluation.codes import code_statistics, silhouette
from aepipe.evaluation.drawing import draw
from aepipe.evaluation.figures.style import numbered_classes
from aepipe.evaluation.hidden import MAX_IMAGES, hidden_errors, hide_held_out, mean_of_neighbours
from aepipe.evaluation.measurements import Measurements, take_measurements
from aepipe.evaluation.metrics import ALL, MIN_MSE, Summary, psnr_db, summarise_by_class
from aepipe.evaluation.opponents import Opponents
from aepipe.evaluation.strongest import require_strongest
from aepipe.evaluation.subject import HeldOut, Subject, predict
from aepipe.training.collapse import is_collapsed

# What is said of a whole set beside its mean errors, where it can be said.
WHOLE_SET = (
    *("mse_median", "mse_95th_percentile", "code_silhouette", "probe_accuracy", "pca_probe_accuracy"),
    *("neighbours_of_class", "pca_neighbours_of_class"),
)


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
    baselines, denoised = _of_baselines(held_out, opponents), _of_pairs(held_out, measured)
    means = [*measured.summary, *baselines, *denoised, *_of_hidden(subject, held_out)]
    facts = _facts(subject, held_out, measured, means)
    _write_metrics(folder / "metrics.csv", subject, held_out, measured, means, facts)
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


def _of_baselines(held_out: HeldOut, opponents: Opponents) -> Iterator[Summary]:
    labels = held_out.labels(held_out.split.test), held_out.data.label_names
    for name, errors in opponents.errors.items():
        yield from summarise_by_class(f"{name}_mse_per_pixel", errors, *labels, held_out.groups)


def _of_pairs(held_out: HeldOut, measured: Measurements) -> Iterator[Summary]:
    """Yield the error of a denoiser on noisy images whose clean ones are known, and the PSNR of those images before."""
    if not held_out.has_pairs:
        return
    yield from summarise_by_class(DENOISED_MSE, measured.errors, None, (), held_out.groups)
    before = float(measured.opponents.errors["noisy"].mean())
    yield Summary(ALL, NOISY_PSNR, psnr_db(max(before, MIN_MSE)))


def _facts(subject: Subject, held_out: HeldOut, measured: Measurements, means: Sequence[Summary]) -> dict[str, Any]:
    codes, labels = measured.codes, held_out.labels(held_out.split.test)
    whole = [summary for summary in means if summary.class_name == ALL] + _denoising(subject, measured.curves)
    return {
        **{summary.metric: summary.value for summary in whole if summary.metric != "num_images"},
        "intervals": {summary.metric: summary.interval for summary in whole if summary.interval is not None},
        "source_unit": subject.source_unit,
        **{f"{name}_chosen": codec.name for name, codec in measured.opponents.chosen.items()},
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
    }


def _write_metrics(
    path: Path,
    subject: Subject,
    held_out: HeldOut,
    measured: Measurements,
    means: Sequence[Summary],
    facts: Mapping[str, Any],
) -> None:
    who = subject.recipe, subject.setting, held_out.name
    strongest = require_strongest(facts)
    interval = facts["intervals"].get(strongest.name)
    numbers = [
        *means,
        Summary(ALL, "strongest_baseline_mse_per_pixel", strongest.mse_per_pixel, interval),
        *(Summary(ALL, name, facts[name]) for name in WHOLE_SET if facts[name] is not None),
    ]
    rows = [summary.row(*who) for summary in numbers]
    for kind, table in measured.curves.items():
        for line in table.itertuples():
            rows += [summary.row(*who, noise=f"{kind} {line.level:g}") for summary in _on_noise(line)]
    pd.DataFrame([as_cells(row.model_dump()) for row in rows]).to_csv(path, index=False)


def _on_noise(line: Any) -> Iterator[Summary]:
    """Yield what a line of a noise curve says."""
    yield Summary(ALL, DENOISED_MSE, float(line.model), line.model_interval)
    yield Summary(ALL, LINEAR_MSE, float(line.linear))
    yield Summary(ALL, NOISY_MSE, float(line.nothing), line.nothing_interval)


def _denoising(subject: Subject, curves: Mapping[str, pd.DataFrame]) -> list[Summary]:
    """Return a denoiser's errors on the kind and level of noise that it is judged on, if the test set has that."""
    table = curves.get(subject.judged_kind)
    if subject.trained_noise_level is None or table is None:
        return []
    found = table[np.isclose(table.level, subject.trained_noise_level)]
    return [summary for line in found.head(1).itertuples() for summary in _on_noise(line)]


def _of_hidden(subject: Subject, held_out: HeldOut) -> Iterator[Summary]:
    """Yield the errors of hidden pixels, by the model and by the mean of their neighbours."""
    if subject.hidden_share is None:
        return
    test = held_out.split.test
    inputs, targets, hidden = hide_held_out(held_out.data.scaled(test[:MAX_IMAGES]), subject.hidden_share, test)
    guesses = {
        HIDDEN_MSE: predict(subject.autoencoder.model, inputs),
        NEIGHBOURS_MSE: mean_of_neighbours(inputs),
    }
    for name, guess in guesses.items():
        errors = hidden_errors(targets, guess, hidden)
        yield Summary(
            ALL, name, float(errors.mean()), bootstrap_interval(errors, held_out.groups_of_first(len(errors)))
        )
