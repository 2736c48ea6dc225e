"""Drawing of the figures that a trained model gets."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from aepipe.evaluation import figures
from aepipe.evaluation.catalogue import MSE
from aepipe.evaluation.codes import map_codes, principal_map
from aepipe.evaluation.figures.images import CLOSE_UPS, GRID_INCHES, close_up_side
from aepipe.evaluation.figures.style import drawable_names, most_columns
from aepipe.evaluation.measurements import Measurements
from aepipe.evaluation.metrics import Summary, summarise_by_class
from aepipe.evaluation.subject import HeldOut, Subject, predict
from aepipe.splits import evenly_spaced

MAX_EXAMPLES = 10
NUM_INTERPOLATIONS = 5
MAP_POINTS = 1000
GRID_SIDE = 12


def draw(folder: Path, subject: Subject, held_out: HeldOut, measured: Measurements) -> None:
    """Write every figure that makes sense for a model into a folder.

    Args:
        folder: Where the PNGs go.
        subject: The model.
        held_out: What it was measured on.
        measured: What that came to.
    """
    _draw_reconstructions(folder, subject, held_out, measured)
    _draw_close_ups(folder, subject, held_out, measured)
    _draw_interpolations(folder, subject, measured)
    if held_out.has_pairs or subject.trained_noise_level is not None:
        _draw_denoising(folder, subject, held_out)
    if subject.is_generative:
        _draw_latent_grid(folder, subject, measured.codes)
    _draw_errors(folder, subject, held_out, measured)
    _draw_codes(folder, subject, held_out, measured)


def _draw_reconstructions(folder: Path, subject: Subject, held_out: HeldOut, measured: Measurements) -> None:
    # Evenly spaced rather than the first ones, which in some data sets are all of one person.
    order = np.argsort(measured.errors, kind="stable")
    num_columns = _columns(subject)
    num_extremes = num_columns // 2
    chosen = {
        "reconstructions": (evenly_spaced(len(order), num_columns), "held-out images"),
        "extremes": (
            np.concatenate([order[:num_extremes], order[-num_extremes:]]),
            "held-out images with the smallest and the largest errors",
        ),
    }
    for name, (rows, what) in chosen.items():
        inputs, originals = held_out.data.pairs(held_out.split.test[rows])
        title = f"{subject.title}: {what}, MSE per pixel under each"
        figures.reconstructions(originals, _by(subject, measured, inputs), folder / f"{name}.png", title)


def _draw_close_ups(folder: Path, subject: Subject, held_out: HeldOut, measured: Measurements) -> None:
    side = close_up_side(*held_out.data.image_shape[:2])
    if side:
        rows = evenly_spaced(len(measured.errors), CLOSE_UPS)
        inputs, originals = held_out.data.pairs(held_out.split.test[rows])
        title = f"{subject.title}: the {side} x {side} pixels with the most detail, MSE under each"
        figures.close_ups(originals, _by(subject, measured, inputs), folder / "close_ups.png", title)


def _by(subject: Subject, measured: Measurements, inputs: np.ndarray) -> Mapping[str, np.ndarray]:
    """Return what the model and the strongest baseline make of images, by what they are called."""
    strongest = measured.strongest
    reconstructed = predict(subject.autoencoder.model, inputs)
    return {"model": reconstructed, strongest.label: strongest.codec.reconstruct(inputs)}


def _columns(subject: Subject) -> int:
    """Return how many images stand beside each other."""
    return most_columns(subject.autoencoder.encoder.input_shape[2], MAX_EXAMPLES)


def _draw_interpolations(folder: Path, subject: Subject, measured: Measurements) -> None:
    rows = evenly_spaced(len(measured.codes), 2 * NUM_INTERPOLATIONS)
    firsts, lasts = measured.codes[rows[: len(rows) // 2]], measured.codes[rows[len(rows) // 2 :]]
    if not len(firsts):
        return
    shares = np.linspace(0, 1, _columns(subject), dtype=np.float32)[:, None]
    strips = [
        figures.Row(f"{number}", predict(subject.autoencoder.decoder, (1 - shares) * first + shares * last))
        for number, (first, last) in enumerate(zip(firsts, lasts, strict=False), 1)
    ]
    title = f"{subject.title}: images decoded on the way from one code to another"
    figures.image_rows(strips, folder / "interpolations.png", title)


def _draw_denoising(folder: Path, subject: Subject, held_out: HeldOut) -> None:
    noisy, clean, what = (_some_pairs if held_out.has_pairs else _some_of_noisy_test_set)(subject, held_out)
    denoised = predict(subject.autoencoder.model, noisy)
    title = f"{subject.title}: {what}, MSE per pixel under each"
    figures.denoising(noisy, denoised, clean, folder / "denoising.png", title)


def _some_pairs(subject: Subject, held_out: HeldOut) -> tuple[np.ndarray, np.ndarray, str]:
    """Return a few held-out noisy images, their clean ones, and what they are in words."""
    rows = held_out.split.test[evenly_spaced(len(held_out.split.test), _columns(subject))]
    return *held_out.data.pairs(rows), "held-out pairs"


def _some_of_noisy_test_set(subject: Subject, held_out: HeldOut) -> tuple[np.ndarray, np.ndarray, str]:
    """Return the same of the noisy test set, at the level nearest to the one that the model was trained for."""
    specs = [spec for spec in held_out.noisy.specs if spec.kind == subject.judged_kind] or held_out.noisy.specs
    spec = min(specs, key=lambda spec: abs(spec.level - subject.trained_noise_level))
    clean, noisy = held_out.noisy.pair(spec)
    rows = evenly_spaced(len(clean), _columns(subject))
    return noisy[rows], clean[rows], f"{spec.kind} noise {spec.level:g}"


def _draw_latent_grid(folder: Path, subject: Subject, codes: np.ndarray) -> None:
    side = most_columns(subject.autoencoder.encoder.input_shape[2], GRID_SIDE, GRID_INCHES)
    # The plane that tells most: the two codes directions of largest variance, from -2 to 2 standard deviations.
    mean = codes.mean(axis=0)
    directions, sizes, _ = np.linalg.svd((codes - mean).T, full_matrices=False)
    steps = np.linspace(-2, 2, side)
    plane = np.stack(np.meshgrid(steps, steps[::-1]), axis=-1).reshape(-1, 2)[:, : len(sizes)]
    deviations = sizes[:2] / np.sqrt(len(codes))
    grid = (mean + (plane * deviations) @ directions[:, :2].T).astype(np.float32)
    title = f"{subject.title}: along two directions\nof the code, -2 to 2 standard deviations"
    figures.image_grid(predict(subject.autoencoder.decoder, grid), side, folder / "latent_grid.png", title)


def _draw_errors(folder: Path, subject: Subject, held_out: HeldOut, measured: Measurements) -> None:
    path, title = folder / "loss_curves.png", f"{subject.title}: loss by epoch"
    figures.loss_curves(subject.history, subject.kept_epoch, path, title, subject.curves)
    title = f"{subject.title}: error of each held-out image"
    strongest = measured.strongest
    figures.error_histogram(measured.errors, strongest.errors, folder / "error_histogram.png", title, strongest.label)
    by_class, baseline = (_by_class(errors, held_out) for errors in (measured.errors, strongest.errors))
    if len(by_class) > 1:
        title = f"{subject.title}: held-out error by class"
        figures.mse_by_class(by_class, baseline, folder / "mse_by_class.png", title, strongest.label)
    if subject.is_denoiser:
        title = f"{subject.title}: error on noisy input of {held_out.name}"
        figures.error_by_noise(measured.curves, folder / "error_by_noise.png", title)


def _draw_codes(folder: Path, subject: Subject, held_out: HeldOut, measured: Measurements) -> None:
    chosen = evenly_spaced(len(measured.codes), MAP_POINTS)
    rows = held_out.split.test[chosen]
    codes, labels = measured.codes[chosen], held_out.labels(rows)
    figures.code_maps(
        {"t-SNE": map_codes(codes, seed=0), "PCA": principal_map(codes)},
        labels,
        held_out.data.label_names,
        folder / "code_map.png",
        f"{subject.title}: maps of {codes.shape[1]} code values",
        images=lambda places: held_out.data.scaled(rows[places]),
    )
    title = f"{subject.title}: how much each of {codes.shape[1]} code values varies"
    figures.code_usage(measured.codes.std(axis=0), folder / "code_usage.png", title)


def _by_class(errors: np.ndarray, held_out: HeldOut) -> Mapping[str, Summary]:
    # Numbered here where they have no font, so that a class has one number in all figures.
    names, labels = tuple(drawable_names(held_out.data.label_names)), held_out.labels(held_out.split.test)
    _, *by_class = summarise_by_class(MSE, errors, labels, names, held_out.groups)
    return {summary.class_name: summary for summary in by_class}
