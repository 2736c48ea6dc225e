"""Figures that show images: reconstructions, denoised images, samples, noisy test sets."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np

from aepipe.evaluation.figures.rows import Row, image_rows
from aepipe.evaluation.figures.style import (
    SETTINGS,
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
# Images from this size on have close-ups, of at most so many pixels.
MIN_LARGE, MAX_CLOSE_UP = 64, 64
CLOSE_UPS = 6


def reconstructions(originals: np.ndarray, by: Mapping[str, np.ndarray], path: Path, title: str) -> None:
    """Write originals over what each model makes of them, with its error and what is wrong about it under each.

    Args:
        originals: (num_images, height, width, channels) in [0, 1].
        by: What each model is called, to its reconstructions.
        path: Where the PNG goes.
        title: Said above.
    """
    rows = [Row("original", originals)]
    for name, images in by.items():
        rows.append(Row(name, images, _errors(originals, images)))
        rows.append(Row("difference", images - originals, is_residual=True))
    image_rows(rows, path, title)


def denoising(noisy: np.ndarray, denoised: np.ndarray, clean: np.ndarray, path: Path, title: str) -> None:
    """Write what went in, what came out, and what should have come out, with the errors of the first two."""
    rows = [
        Row("noisy input", noisy, _errors(clean, noisy)),
        Row("denoised", denoised, _errors(clean, denoised)),
        Row("difference", denoised - clean, is_residual=True),
        Row("clean", clean),
    ]
    image_rows(rows, path, title)


def close_ups(originals: np.ndarray, by: Mapping[str, np.ndarray], path: Path, title: str) -> None:
    """Write a part of each image, the one with the most detail, large enough to see every pixel of it.

    Args:
        originals: (num_images, height, width, channels) in [0, 1].
        by: What each model is called, to its reconstructions.
        path: Where the PNG goes.
        title: Said above.
    """
    side = close_up_side(*originals.shape[1:3])
    places = [_most_detailed(image, side) for image in originals]

    def cut(images: np.ndarray) -> np.ndarray:
        return np.stack([image[place] for image, place in zip(images, places, strict=True)])

    reconstructions(cut(originals), {name: cut(images) for name, images in by.items()}, path, title)


def close_up_side(height: int, width: int) -> int:
    """Return how many pixels a close-up has on each side; 0 where whole images are shown large enough."""
    smaller = min(height, width)
    return min(MAX_CLOSE_UP, smaller // 2) if smaller >= MIN_LARGE else 0


def _most_detailed(image: np.ndarray, side: int) -> tuple[slice, slice]:
    """Return where the part of a size lies in which neighbouring pixels differ the most."""
    grey = np.asarray(image, np.float64).mean(axis=-1)
    steps = np.hypot(*np.gradient(grey))
    sums = np.pad(steps, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    windows = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    top, left = np.unravel_index(windows.argmax(), windows.shape)
    return slice(top, top + side), slice(left, left + side)


def _errors(originals: np.ndarray, images: np.ndarray) -> list[str]:
    return [f"{error:.5f}" for error in mse_per_image(originals, images)]


def noisy_preview(noisy: NoisyTestSet, path: Path) -> None:
    """Write the first images of a noisy test set: clean ones on top, a row for each kind and level."""
    num_images = most_columns(noisy.clean.shape[2], MAX_PREVIEWED)
    scale = np.float32(1 / WHITE)
    rows = [Row("clean", noisy.clean[:num_images] * scale)]
    for spec, images in zip(noisy.specs, noisy.noisy, strict=True):
        rows.append(Row(f"{spec.kind} {spec.level:g}", images[:num_images] * scale))
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
