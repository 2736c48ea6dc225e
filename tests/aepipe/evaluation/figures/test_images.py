"""Figures of images show every pixel of every image, grey as grey and colour as colour."""

import numpy as np
import pytest

from aepipe.evaluation import figures


def random_images(num_images: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).random((num_images, *shape), dtype=np.float32)


@pytest.mark.parametrize(("num_images", "shape"), [(1, (4, 20, 1)), (4, (16, 24, 3)), (10, (28, 28, 1))])
def test_reconstructions_of_any_shape_and_number(tmp_path, read, num_images, shape):
    images = random_images(num_images, *shape)
    figures.reconstructions(images, 1.2 * images - 0.1, tmp_path / "figure.png", "title")
    pixels = read(tmp_path / "figure.png").astype(int)
    is_colored = np.ptp(pixels, axis=-1).max() > 50
    assert is_colored == (shape[-1] == 3)


def test_grey_is_never_stretched(tmp_path, read):
    dim = np.full((3, 8, 8, 1), 0.4, np.float32)
    dim[:, 2:4] = 0.6
    figures.reconstructions(dim, dim, tmp_path / "figure.png", "title")
    values, counts = np.unique(read(tmp_path / "figure.png")[..., 0], return_counts=True)
    assert {102, 153} <= set(values[np.argsort(counts)[-3:]])


def test_denoising_has_three_rows(tmp_path, read):
    images = random_images(5, 8, 8, 1)
    figures.denoising(images, images, images, tmp_path / "three.png", "title")
    figures.reconstructions(images, images, tmp_path / "two.png", "title")
    assert len(read(tmp_path / "three.png")) > 1.3 * len(read(tmp_path / "two.png"))


def test_a_grid_shows_the_images_in_reading_order(tmp_path, read):
    images = np.zeros((6, 4, 4, 1), np.float32)
    images[2, :2] = 1
    title = "a-recipe-with-a-long-name (published): along two directions of the code, -2 to 2 deviations"
    figures.image_grid(images, 3, tmp_path / "figure.png", title)
    pixels = read(tmp_path / "figure.png")[..., 0]
    dark_rows = np.flatnonzero((pixels < 10).mean(axis=1) > 0.5)
    grid = pixels[dark_rows[0] : dark_rows[-1] + 1, 20:-20]
    height, width = grid.shape
    upper_half, lower_half = height // 8, 3 * height // 8
    assert grid[upper_half, 17 * width // 24] == grid[upper_half, 23 * width // 24] == 255
    assert (
        grid[lower_half, 5 * width // 6] == grid[upper_half, width // 6] == grid[3 * height // 4, 5 * width // 6] == 0
    )
    # A title that does not fit its line takes two, and leaves the margin white.
    assert np.all(pixels[: dark_rows[0] - 5, [0, -1]] == 255)
