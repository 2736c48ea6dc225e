"""Figures that show images: reconstructions, denoised images, samples, noisy test sets."""

from pathlib import Path

import matplotlib as mpl
import numpy as np

from aepipe.evaluation.figures.style import (
    SETTINGS,
    image_rows,
    most_columns,
    new_figure,
    save,
    set_title,
    show_image,
)
from aepipe.evaluation.metrics import mse_per_image
from aepipe.noise import WHITE
from aepipe.noisy_test_set import NoisyTestSet

MAX_PREVIEWED = 10
GRID_INCHES = 6


def reconstructions(originals: np.ndarray, reconstructed: np.ndarray, path: Path, title: str) -> None:
    """Write originals over reconstructions, (num_images, height, width, channels), with the error under each."""
    errors = [f"{error:.5f}" for error in mse_per_image(originals, reconstructed)]
    image_rows([("original", originals), ("reconstruction", reconstructed)], path, title, [*errors])


def denoising(noisy: np.ndarray, denoised: np.ndarray, clean: np.ndarray, path: Path, title: str) -> None:
    """Write what went in, what came out, and what should have come out, with the error under each."""
    errors = [f"{error:.5f}" for error in mse_per_image(clean, denoised)]
    image_rows([("noisy input", noisy), ("denoised", denoised), ("clean", clean)], path, title, errors)


def noisy_preview(noisy: NoisyTestSet, path: Path) -> None:
    """Write the first images of a noisy test set: clean ones on top, a row for each kind and level."""
    num_images = most_columns(noisy.clean.shape[2], MAX_PREVIEWED)
    scale = np.float32(1 / WHITE)
    rows = [("clean", noisy.clean[:num_images] * scale)]
    for spec, images in zip(noisy.specs, noisy.noisy, strict=True):
        rows.append((f"{spec.kind} {spec.level:g}", images[:num_images] * scale))
    image_rows(rows, path, f"Noisy test set of {noisy.name}, seed {noisy.seed}")


def image_grid(images: np.ndarray, num_columns: int, path: Path, title: str) -> None:
    """Write images, (num_rows * num_columns, height, width, channels), as one seamless grid."""
    num_rows = len(images) // num_columns
    _, height, width, channels = images.shape
    tiles = images[: num_rows * num_columns].reshape(num_rows, num_columns, height, width, channels)
    mosaic = tiles.transpose(0, 2, 1, 3, 4).reshape(num_rows * height, num_columns * width, channels)
    with mpl.rc_context(SETTINGS):
        figure = new_figure(0.7 + GRID_INCHES * mosaic.shape[0] / mosaic.shape[1], GRID_INCHES)
        axes = figure.add_subplot()
        show_image(axes, mosaic)
        set_title(figure, title)
        save(figure, path)
