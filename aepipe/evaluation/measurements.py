"""Measurements on held-out images, in batches: only codes and a few numbers of each image are held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from aepipe.evaluation.bootstrap import bootstrap_interval
from aepipe.evaluation.catalogue import MSE
from aepipe.evaluation.codes import neighbour_share, probe_accuracy
from aepipe.evaluation.metrics import Summary, measure_images, mse_per_image, summarise
from aepipe.evaluation.opponents import Codec, Opponents
from aepipe.evaluation.strongest import require_strongest
from aepipe.evaluation.subject import HeldOut, Subject, predict
from aepipe.linear import PrincipalComponents
from aepipe.noise import NoiseSpec
from aepipe.splits import evenly_spaced

MAX_PROBE_IMAGES = 5000


@dataclass(frozen=True)
class Strongest:
    """The strongest baseline.

    Attributes:
        label: What it is called.
        errors: (num_images,) its MSE per pixel on each held-out image.
        codec: What reconstructs images.
    """

    label: str
    errors: np.ndarray
    codec: Codec


@dataclass(frozen=True)
class Measurements:
    """What a model came to on each held-out image, beside what it has to beat at its code size.

    Attributes:
        codes: (num_images, code_size).
        errors: (num_images,) MSE per pixel.
        opponents: What PCA, PCA of patches and the low-pass came to.
        probe_accuracy: Share of images whose class a linear classifier reads off the code; None without classes.
        pca_probe_accuracy: The same for PCA's code.
        neighbours_of_class: Share of the 10 nearest codes that are of the same class; None without classes.
        pca_neighbours_of_class: The same for PCA's code.
        summary: What the model came to, the whole set and each class.
        curves: For each kind of noise a table, as `noise_curves` has it.
    """

    codes: np.ndarray
    errors: np.ndarray
    opponents: Opponents
    probe_accuracy: float | None
    pca_probe_accuracy: float | None
    neighbours_of_class: float | None
    pca_neighbours_of_class: float | None
    summary: Sequence[Summary]
    curves: Mapping[str, pd.DataFrame]

    @property
    def strongest(self) -> Strongest:
        """The strongest baseline."""
        errors = {f"{name}_mse_per_pixel": errors for name, errors in self.opponents.errors.items()}
        found = require_strongest({name: float(of_each.mean()) for name, of_each in errors.items()})
        codec = self.opponents.codec(found.name.removesuffix("_mse_per_pixel"))
        return Strongest(found.label, errors[found.name], codec)


def take_measurements(subject: Subject, held_out: HeldOut, opponents: Opponents) -> Measurements:
    """Return what a model makes of the held-out images."""
    batches: list[tuple[np.ndarray, np.ndarray]] = []
    measured: list[dict[str, np.ndarray]] = []
    for inputs, originals in held_out.pairs(held_out.split.test):
        batches.append((predict(subject.autoencoder.encoder, inputs), opponents.components.encode(inputs)))
        measured.append(measure_images(originals, predict(subject.autoencoder.model, inputs)))
    codes, pca_codes = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    metrics = {name: np.concatenate([batch[name] for batch in measured]) for name in measured[0]}
    classes = held_out.labels(held_out.split.test), held_out.data.label_names
    probes = _probes(subject, held_out, opponents.components, codes, pca_codes)
    labels, _ = classes
    return Measurements(
        codes=codes,
        errors=metrics[MSE],
        opponents=opponents,
        probe_accuracy=probes[0],
        pca_probe_accuracy=probes[1],
        neighbours_of_class=None if labels is None else neighbour_share(codes, labels),
        pca_neighbours_of_class=None if labels is None else neighbour_share(pca_codes, labels),
        summary=list(summarise(metrics, *classes, subject.source_unit, held_out.groups)),
        curves=noise_curves(subject, held_out),
    )


def _probes(
    subject: Subject, held_out: HeldOut, components: PrincipalComponents, codes: np.ndarray, pca_codes: np.ndarray
) -> tuple[float | None, float | None]:
    """Return the accuracy of a linear classifier of the model's code and of PCA's, trained on the same images."""
    train = held_out.split.train[evenly_spaced(len(held_out.split.train), MAX_PROBE_IMAGES)]
    train_labels, test_labels = held_out.labels(train), held_out.labels(held_out.split.test)
    if train_labels is None or test_labels is None:
        return None, None
    encoded = [
        (predict(subject.autoencoder.encoder, images), components.encode(images)) for images in held_out.batches(train)
    ]
    train_codes, train_pca_codes = (np.concatenate(parts) for parts in zip(*encoded, strict=True))
    return (
        probe_accuracy(train_codes, train_labels, codes, test_labels),
        probe_accuracy(train_pca_codes, train_labels, pca_codes, test_labels),
    )


def noise_curves(subject: Subject, held_out: HeldOut) -> dict[str, pd.DataFrame]:
    """Return a table for each kind of noise: level; model, linear and nothing as MSE per pixel of the clean image.

    Of model and nothing there is an interval as well: model_interval, nothing_interval.
    """
    tables: dict[str, list[dict[str, Any]]] = {}
    for baseline in held_out.noise_baselines:
        spec = NoiseSpec(kind=baseline.kind, level=baseline.level)
        clean, noisy = held_out.noisy.pair(spec)
        groups = held_out.groups_of_first(len(clean))
        errors = mse_per_image(clean, predict(subject.autoencoder.model, noisy))
        row = {
            "level": spec.level,
            "model": float(errors.mean()),
            "model_interval": bootstrap_interval(errors, groups),
            "linear": baseline.linear_mse,
            "nothing": baseline.nothing_mse,
            "nothing_interval": bootstrap_interval(mse_per_image(clean, noisy), groups),
        }
        tables.setdefault(spec.kind, []).append(row)
    return {kind: pd.DataFrame(rows) for kind, rows in tables.items()}
