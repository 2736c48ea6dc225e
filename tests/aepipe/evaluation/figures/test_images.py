"""Figures of images show every pixel of every image, grey as grey and colour as colour."""

import numpy as np
import pytest

from aepipe.evaluation import figures
from aepipe.evaluation.figures import rows
from aepipe.evaluation.figures.images import close_up_side


def random_images(num_images: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).random((num_images, *shape), dtype=np.float32)


@pytest.fixture
def drawn(monkeypatch):
    """The Matplotlib figures that would be saved, for their texts and pixels; rendering them takes most of the time."""
    found = []
    monkeypatch.setattr(rows, "save", lambda figure, path, is_cropped: found.append(figure))
    return found


def names(figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


@pytest.mark.parametrize(("num_images", "shape"), [(1, (4, 20, 1)), (4, (16, 24, 3))])
def test_reconstructions_of_any_shape_and_number(tmp_path, read, num_images, shape):
    images = random_images(num_images, *shape)
    figures.reconstructions(images, {"model": 1.2 * images - 0.1}, tmp_path / "figure.png", "title")
    read(tmp_path / "figure.png")


def test_grey_is_never_stretched(tmp_path, read):
    dim = np.full((3, 8, 8, 1), 0.4, np.float32)
    dim[:, 2:4] = 0.6
    figures.image_rows([figures.Row("dim", dim)], tmp_path / "figure.png", "title")
    values, counts = np.unique(read(tmp_path / "figure.png")[..., 0], return_counts=True)
    assert {102, 153} <= set(values[np.argsort(counts)[-3:]])


def test_each_model_has_its_reconstruction_with_its_error_and_what_is_wrong_about_it(drawn, tmp_path):
    images = 0.2 + 0.6 * random_images(3, 8, 8, 3)
    figures.reconstructions(images, {"model": images + 0.1, "PCA": images - 0.15}, tmp_path / "figure.png", "title")
    axes, scale = drawn[0].axes
    assert names(drawn[0]) == ["original", "model", "difference", "PCA", "difference"]
    assert [text.get_text() for text in axes.texts] == ["0.01000"] * 3 + ["0.02250"] * 3
    # One symmetric scale for both, with its ends written.
    assert [label.get_text() for label in scale.get_xticklabels()] == ["-0.2: too dark", "0", "0.2: too bright"]
    mosaic = axes.images[0].get_array()
    brighter, darker = (mosaic[round(axes.get_yticks()[row]), 3] for row in (2, 4))
    assert brighter[0] > brighter[2]
    assert darker[2] > darker[0]


def test_a_residuals_square_is_the_pixels_error():
    residuals = random_images(2, 4, 4, 3) - 0.5
    np.testing.assert_allclose(np.square(rows._signed(residuals)), np.square(residuals).mean(axis=-1), rtol=1e-5)


def test_denoising_has_what_went_in_what_came_out_and_what_is_wrong_about_it(drawn, tmp_path):
    images = random_images(5, 8, 8, 1)
    figures.denoising(images, images, images, tmp_path / "figure.png", "title")
    assert names(drawn[0]) == ["noisy input", "denoised", "difference", "clean"]


@pytest.mark.parametrize(("shape", "side"), [((28, 28), 0), ((64, 64), 32), ((64, 300), 32), ((256, 300), 64)])
def test_large_images_have_close_ups(shape, side):
    assert close_up_side(*shape) == side


def test_a_close_up_is_where_the_detail_is_and_shows_every_pixel(drawn, tmp_path):
    image = np.zeros((1, 64, 80, 1), np.float32)
    image[:, 40:60, 50:70] = random_images(1, 20, 20, 1)
    figures.close_ups(image, {"model": image}, tmp_path / "figure.png", "title")
    np.testing.assert_array_equal(
        np.sort(drawn[0].axes[0].images[0].get_array()[:32, :32, 0], axis=None)[-400:], np.sort(image, axis=None)[-400:]
    )


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
