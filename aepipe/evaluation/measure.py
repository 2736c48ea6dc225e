"""Everything that is measured about one trained model, on images that it never saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aepipe.datasets.images import ImageData
from aepipe.evaluation import figures
from aepipe.evaluation.baselines import PrincipalComponents, mean_image_mse
from aepipe.evaluation.codes import code_statistics, map_codes
from aepipe.evaluation.metrics import MetricRow, mse_per_image, summarise
from aepipe.models.autoencoder import Autoencoder
from aepipe.noise import NoiseSpec
from aepipe.noisy_test_set import NoisyTestSet
from aepipe.splits import Split
from aepipe.training.guards import is_collapsed

NUM_EXAMPLES = 10
MAP_POINTS = 1000
GRID_SIDE = 12
BATCH_SIZE = 500


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        recipe: The recipe's name.
        setting: Which of its settings.
        autoencoder: Its models, loaded from the store.
        source_unit: The value of white in the source's printed numbers.
        trained_noise_level: Level of the noise that a denoiser trained on; None for other models.
        is_generative: Codes drawn from N(0, 1) decode to new images.
        history: One row an epoch, as history.csv has them.
        kept_epoch: The epoch whose weights were kept.
    """

    recipe: str
    setting: str
    autoencoder: Autoencoder
    source_unit: float
    trained_noise_level: float | None
    is_generative: bool
    history: pd.DataFrame
    kept_epoch: int

    @property
    def title(self) -> str:
        """What a figure calls it."""
        return f"{self.recipe} ({self.setting})"


@dataclass(frozen=True)
class HeldOut:
    """What it is measured on.

    Attributes:
        name: Data set and split.
        data: All images.
        split: Which of them are held out.
        noisy: Some of them, corrupted.
        noise_baselines: For each kind and level: kind, level, nothing_mse, linear_mse.
    """

    name: str
    data: ImageData
    split: Split
    noisy: NoisyTestSet
    noise_baselines: Sequence[Mapping[str, Any]]


def measure(folder: Path, subject: Subject, held_out: HeldOut) -> dict[str, Any]:
    """Write metrics.csv, codes.npz and figures into a folder.

    Returns:
        The figures that the gate and the report ask for.
    """
    data, split = held_out.data, held_out.split
    originals = data.scaled(split.test)
    labels = None if data.labels is None else np.asarray(data.labels[split.test])
    codes = predict(subject.autoencoder.encoder, originals)
    reconstructions = predict(subject.autoencoder.model, originals)
    not_held_out = data.scaled(np.union1d(split.train, split.validation))
    components = PrincipalComponents.fit(not_held_out, codes.shape[1])
    linear = components.reconstruct(originals)
    curves = noise_curves(subject, held_out)

    summary = list(summarise(originals, reconstructions, labels, data.label_names, subject.source_unit))
    pca_summary = list(summarise(originals, linear, labels, data.label_names, subject.source_unit))
    _write_metrics(folder / "metrics.csv", subject, held_out, summary, pca_summary, curves)
    np.savez(folder / "codes.npz", codes=codes, rows=split.test, **({} if labels is None else {"labels": labels}))

    _draw_images(folder / "figures", subject, held_out, originals, reconstructions, codes)
    _draw_charts(folder / "figures", subject, held_out, summary, pca_summary, curves)
    chosen = slice(MAP_POINTS)
    figures.code_map(
        map_codes(codes[chosen], seed=0),
        None if labels is None else labels[chosen],
        data.label_names,
        folder / "figures" / "code_map.png",
        f"{subject.title}: t-SNE map of {codes[chosen].shape[1]} code values",
    )
    whole = {metric: value for class_name, metric, value in summary if class_name == "all"}
    return {
        **{metric: value for metric, value in whole.items() if metric != "num_images"},
        "source_unit": subject.source_unit,
        "pca_mse_per_pixel": float(mse_per_image(originals, linear).mean()),
        "mean_image_mse_per_pixel": mean_image_mse(not_held_out, originals),
        "num_test_images": len(originals),
        "code_size": codes.shape[1],
        "compression_ratio": originals[0].size / codes.shape[1],
        "collapsed": is_collapsed(codes),
        **code_statistics(codes),
        **_denoising_facts(subject, curves),
    }


def predict(model, inputs: np.ndarray) -> np.ndarray:
    """Return a model's outputs, computed in batches of 500."""
    starts = range(0, len(inputs), BATCH_SIZE)
    return np.concatenate([np.asarray(model(inputs[start : start + BATCH_SIZE], training=False)) for start in starts])


def noise_curves(subject: Subject, held_out: HeldOut) -> dict[str, pd.DataFrame]:
    """Return a table for each kind of noise: level; model, linear and nothing as MSE per pixel of the clean image."""
    tables: dict[str, list[dict[str, float]]] = {}
    for baseline in held_out.noise_baselines:
        spec = NoiseSpec(kind=baseline["kind"], level=baseline["level"])
        clean, noisy = held_out.noisy.pair(spec)
        error = float(mse_per_image(clean, predict(subject.autoencoder.model, noisy)).mean())
        row = {
            "level": spec.level,
            "model": error,
            "linear": baseline["linear_mse"],
            "nothing": baseline["nothing_mse"],
        }
        tables.setdefault(spec.kind, []).append(row)
    return {kind: pd.DataFrame(rows) for kind, rows in tables.items()}


def _write_metrics(path: Path, subject: Subject, held_out: HeldOut, summary, pca_summary, curves) -> None:
    who = {"recipe": subject.recipe, "setting": subject.setting, "evaluation_set": held_out.name}
    rows = [MetricRow(**who, class_name=name, metric=metric, value=value) for name, metric, value in summary]
    rows += [
        MetricRow(**who, class_name=name, metric="pca_mse_per_pixel", value=value)
        for name, metric, value in pca_summary
        if metric == "mse_per_pixel"
    ]
    columns = {
        "model": "denoised_mse_per_pixel",
        "linear": "linear_mse_per_pixel",
        "nothing": "noisy_mse_per_pixel",
    }
    for kind, table in curves.items():
        for line in table.itertuples():
            noise = f"{kind} {line.level:g}"
            rows += [
                MetricRow(**who, noise=noise, metric=metric, value=getattr(line, column))
                for column, metric in columns.items()
            ]
    pd.DataFrame([row.model_dump() for row in rows]).to_csv(path, index=False)


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


def _draw_images(folder: Path, subject: Subject, held_out: HeldOut, originals, reconstructions, codes) -> None:
    # Evenly spaced rather than the first ones, which in some data sets are all of one person.
    rows = np.linspace(0, len(originals) - 1, min(NUM_EXAMPLES, len(originals))).astype(int)
    figures.reconstructions(
        originals[rows],
        reconstructions[rows],
        folder / "reconstructions.png",
        f"{subject.title}: held-out images, MSE per pixel under each",
    )
    if subject.trained_noise_level is not None:
        specs = [spec for spec in held_out.noisy.specs if spec.kind == "gaussian"] or held_out.noisy.specs
        spec = min(specs, key=lambda spec: abs(spec.level - subject.trained_noise_level))
        clean, noisy = held_out.noisy.pair(spec)
        rows = np.linspace(0, len(clean) - 1, min(NUM_EXAMPLES, len(clean))).astype(int)
        denoised = predict(subject.autoencoder.model, noisy[rows])
        title = f"{subject.title}: {spec.kind} noise {spec.level:g}, MSE per pixel under each"
        figures.denoising(noisy[rows], denoised, clean[rows], folder / "denoising.png", title)
    if subject.is_generative:
        _draw_samples(folder, subject, codes)


def _draw_samples(folder: Path, subject: Subject, codes: np.ndarray) -> None:
    generator = np.random.Generator(np.random.PCG64(0))
    drawn = generator.standard_normal((GRID_SIDE**2, codes.shape[1])).astype(np.float32)
    decoder = subject.autoencoder.decoder
    title = f"{subject.title}: images decoded from random codes"
    figures.image_grid(predict(decoder, drawn), GRID_SIDE, folder / "samples.png", title)
    # The plane that tells most: the two codes directions of largest variance, from -2 to 2 standard deviations.
    mean = codes.mean(axis=0)
    directions, sizes, _ = np.linalg.svd((codes - mean).T, full_matrices=False)
    steps = np.linspace(-2, 2, GRID_SIDE)
    plane = np.stack(np.meshgrid(steps, steps[::-1]), axis=-1).reshape(-1, 2)[:, : len(sizes)]
    deviations = sizes[:2] / np.sqrt(len(codes))
    grid = (mean + (plane * deviations) @ directions[:, :2].T).astype(np.float32)
    title = f"{subject.title}: along two directions\nof the code, -2 to 2 standard deviations"
    figures.image_grid(predict(decoder, grid), GRID_SIDE, folder / "latent_grid.png", title)


def _draw_charts(folder: Path, subject: Subject, held_out: HeldOut, summary, pca_summary, curves) -> None:
    figures.loss_curves(
        subject.history, subject.kept_epoch, folder / "loss_curves.png", f"{subject.title}: loss by epoch"
    )
    by_class, pca_by_class = (
        {name: value for name, metric, value in rows if name != "all" and metric == "mse_per_pixel"}
        for rows in (summary, pca_summary)
    )
    if len(by_class) > 1:
        title = f"{subject.title}: held-out error by class"
        figures.mse_by_class(by_class, pca_by_class, folder / "mse_by_class.png", title)
    figures.error_by_noise(
        curves, folder / "error_by_noise.png", f"{subject.title}: error on noisy input of {held_out.name}"
    )
