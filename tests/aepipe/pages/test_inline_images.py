import base64
import io

import numpy as np
import pytest
from PIL import Image

from aepipe.pages.inline_images import MAX_WIDTH, inline_image


def png_of(pixels: np.ndarray) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def decoded(uri: str) -> np.ndarray:
    header, _, data = uri.partition(",")
    assert header == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def test_a_plot_stays_exact():
    pixels = np.full((60, 90, 3), 255, np.uint8)
    pixels[20:22], pixels[:, 40] = (31, 119, 180), 0
    image = inline_image(png_of(pixels))
    assert (image.width, image.height) == (90, 60)
    assert np.array_equal(decoded(image.uri), pixels)


def test_what_is_transparent_becomes_white():
    assert decoded(inline_image(png_of(np.zeros((4, 4, 4), np.uint8))).uri).min() == 255


def test_a_dense_picture_is_much_smaller_than_its_file():
    noise = np.random.default_rng(0).integers(0, 256, (400, 600), dtype=np.uint8)
    png = png_of(noise)
    image = inline_image(png)
    assert len(image.uri) < len(png)
    # Recognisable, though not exact: neighbouring pixels average out what is lost.
    assert np.corrcoef(decoded(image.uri)[..., 0].ravel(), noise.ravel())[0, 1] > 0.9


@pytest.mark.parametrize(("height", "width", "is_wide"), [(100, 260, True), (100, 259, False)])
def test_wide_pictures_are_told_from_others(height, width, is_wide):
    assert inline_image(png_of(np.zeros((height, width), np.uint8))).is_wide is is_wide


def test_a_very_wide_picture_is_made_narrower():
    image = inline_image(png_of(np.zeros((30, 2 * MAX_WIDTH), np.uint8)))
    assert (image.width, image.height) == (MAX_WIDTH, 15)
    assert decoded(image.uri).shape == (15, MAX_WIDTH, 3)


def test_exact_bytes_of_what_is_dense_are_not_tried():
    noise = png_of(np.random.default_rng(0).integers(0, 256, (400, 600), dtype=np.uint8))
    assert inline_image(noise, is_dense=True) == inline_image(noise)
