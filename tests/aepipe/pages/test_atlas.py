"""Thumbnails keep a picture's shape, and fit into one atlas however many they are."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from aepipe.pages.atlas import MAX_ATLAS_SIDE, MAX_THUMBNAIL_SIDE, draw_atlas, thumbnail, thumbnail_side


@pytest.mark.parametrize(("count", "side"), [(1, MAX_THUMBNAIL_SIDE), (2500, 81), (10_000, 40)])
def test_the_more_pictures_the_smaller_they_are(count, side):
    assert thumbnail_side(count) == side
    assert np.ceil(np.sqrt(count)) * side <= MAX_ATLAS_SIDE


@pytest.mark.parametrize(
    ("shape", "dtype", "white", "small"),
    [
        ((400, 100, 3), np.uint8, 255, (40, 10, 3)),
        ((200, 400, 1), np.uint16, 4095, (20, 40, 1)),
        ((9, 7, 1), np.float32, 1, (9, 7, 1)),
    ],
)
def test_a_thumbnail_has_the_pictures_shape_and_its_white_is_white(shape, dtype, white, small):
    made = thumbnail(np.full(shape, white, dtype), white, 40)
    assert (made.shape, made.dtype) == (small, np.uint8)
    assert made.min() == 255


def test_each_thumbnail_lies_in_the_middle_of_its_cell():
    sizes = [(8, 8), (8, 4), (6, 8)]
    atlas = draw_atlas([np.full((*size, 3), (80 * number, 255, 0), np.uint8) for number, size in enumerate(sizes)])
    assert (atlas.cell, atlas.columns, list(atlas.sizes)) == (8, 2, [(8, 8), (4, 8), (8, 6)])
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(atlas.uri.partition(",")[2]))).convert("RGB"))
    assert pixels.shape == (16, 16, 3)
    # WebP changes values a little.
    assert pixels[2:6, 11:13, 1].min() > 200
    assert pixels[2:6, 8:9, 1].max() < 60
