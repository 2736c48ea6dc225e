"""Two scales of a picture: what is coarse in it as a model saw it while it learned, what is finer as it is."""

import numpy as np

from aepipe.arrays import Real
from aepipe.datasets.formats.fitting import Size, resized

# Of a picture, so many rows are computed with at a time.
BAND_ROWS = 256


def reduced(
    pictures: Real[np.ndarray, "num_pictures height width channels"], size: Size
) -> Real[np.ndarray, "num_pictures new_height new_width channels"]:
    """Return pictures at a smaller (height, width), of the same type."""
    return np.stack([resized(picture, size).reshape(*size, -1) for picture in pictures])


def with_coarse(
    fine: Real[np.ndarray, "num_pictures height width channels"],
    coarse: Real[np.ndarray, "num_pictures small_height small_width channels"],
    pixel_range: tuple[float, float],
) -> Real[np.ndarray, "num_pictures height width channels"]:
    """Return pictures, of the type of `fine`, that are `coarse` at its size, and `fine` in all that it can't show.

    Beside them, bands of rows are in memory one at a time.
    """
    change = coarse.astype(np.float32) - reduced(fine, coarse.shape[1:3])
    found = np.empty_like(fine)
    for picture, wanted, result in zip(fine, change, found, strict=True):
        for top in range(0, len(picture), BAND_ROWS):
            rows = slice(top, top + BAND_ROWS)
            values = picture[rows] + _enlarged_rows(wanted, picture.shape[:2], top, len(picture[rows]))
            values = np.clip(values, *pixel_range)
            result[rows] = values if fine.dtype.kind == "f" else np.rint(values)
    return found


def _enlarged_rows(small: np.ndarray, size: Size, top: int, num_rows: int) -> np.ndarray:
    """Return some rows of what an image is at another (height, width), bicubic."""
    from PIL import Image

    height, width = size
    step = small.shape[0] / height
    box = (0, top * step, small.shape[1], (top + num_rows) * step)
    planes = (Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(small, -1, 0))
    rows = (plane.resize((width, num_rows), Image.Resampling.BICUBIC, box) for plane in planes)
    return np.stack([np.asarray(plane) for plane in rows], axis=-1)
