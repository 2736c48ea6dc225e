"""What a model makes of held-out images, computed in batches: only codes and a few numbers of each image are held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from aepipe.evaluation.codes import probe_accuracy
from aepipe.evaluation.metrics import mse_per_image, ssim_per_image, summarise
from aepipe.evaluation.subject import HeldOut, Subject, predict
from aepipe.linear import PrincipalComponents
from aepipe.noise import NoiseSpec
from aepipe.splits import evenly_spaced

MOST_PROBE_IMAGES = 5000


@dataclass(frozen=True)
class Measurements:
    """What a model came to on each held-out image, beside PCA with a code of the same size.

    Attributes:
        codes: (num_images, code_size).
        errors: (num_images,) MSE per pixel.
        pca_errors: (num_images,) that of PCA.
        mean_image_mse: Error of answering every image with the mean training image.
        probe_accuracy: Share of images whose class a linear classifier reads off the code; None without classes.
        pca_probe_accuracy: The same for PCA's code.
        summary: Class name, metric, value.
        pca_summary: The same for PCA.
        curves: For each kind of noise a table: level; model, linear and nothing as MSE per pixel of the clean image.
    """

    codes: np.ndarray
    errors: np.ndarray
    pca_errors: np.ndarray
    mean_image_mse: float
    probe_accuracy: float | None
    pca_probe_accuracy: float | None
    summary: Sequence[tuple[str, str, float]]
    pca_summary: Sequence[tuple[str, str, float]]
    curves: Mapping[str, pd.DataFrame]


def take_measurements(subject: Subject, held_out: HeldOut) -> Measurements:
    """Return what a model makes of the held-out images; baselines are fitted on all others."""
    code_size = subject.autoencoder.encoder.output_shape[-1]
    components = PrincipalComponents.fit_batches(lambda: held_out.batches(held_out.not_held_out), code_size)
    codes, pca_codes, columns = [], [], []
    for originals in held_out.batches(held_out.split.test):
        codes.append(predict(subject.autoencoder.encoder, originals))
        pca_codes.append(components.encode(originals))
        reconstructions = predict(subject.autoencoder.model, originals)
        linear = components.decode(pca_codes[-1]).reshape(originals.shape)
        mean_image = np.broadcast_to(components.mean.reshape(originals.shape[1:]), originals.shape)
        columns.append(
            [
                mse_per_image(originals, reconstructions),
                ssim_per_image(originals, reconstructions),
                mse_per_image(originals, linear),
                ssim_per_image(originals, linear),
                mse_per_image(originals, mean_image),
            ]
        )
    codes, pca_codes, columns = np.concatenate(codes), np.concatenate(pca_codes), np.concatenate(columns, axis=1)
    classes = held_out.labels(held_out.split.test), held_out.data.label_names, subject.source_unit
    probes = _probes(subject, held_out, components, codes, pca_codes)
    return Measurements(
        codes=codes,
        errors=columns[0],
        pca_errors=columns[2],
        mean_image_mse=float(columns[4].mean()),
        probe_accuracy=probes[0],
        pca_probe_accuracy=probes[1],
        summary=list(summarise(*columns[:2], *classes)),
        pca_summary=list(summarise(*columns[2:4], *classes)),
        curves=noise_curves(subject, held_out),
    )


def _probes(
    subject: Subject, held_out: HeldOut, components: PrincipalComponents, codes: np.ndarray, pca_codes: np.ndarray
) -> tuple[float | None, float | None]:
    """Return the accuracy of a linear classifier of the model's code and of PCA's, trained on the same images."""
    train = held_out.split.train[evenly_spaced(len(held_out.split.train), MOST_PROBE_IMAGES)]
    train_labels, test_labels = held_out.labels(train), held_out.labels(held_out.split.test)
    if train_labels is None:
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
