"""Residuals: where, and by how much, a reconstruction is not its picture."""

import numpy as np
from scipy.ndimage import gaussian_filter

from aepipe.arrays import Float64, Real

# A smoothed residual answers to what is about so wide, in pixels: a share of the shorter side, within limits. Narrower
# is noise, wider a mean over the picture.
SHARE_OF_SIDE, MIN_SIGMA, MAX_SIGMA = 1 / 24, 1.0, 4.0
# So large a part of a picture is its worst place.
HIGHEST_SHARE = 0.01
# Bounds the memory: some float64 copies of a batch are held at once.
MAX_VALUES = 4_000_000


def smoothing_sigma(height: int, width: int) -> float:
    """Return the deviation, in pixels, of the Gaussian that residuals of pictures of this size are smoothed with."""
    return float(np.clip(min(height, width) * SHARE_OF_SIDE, MIN_SIGMA, MAX_SIGMA))


def residual_maps(
    originals: Real[np.ndarray, "num_images height width channels"],
    reconstructions: Real[np.ndarray, "num_images height width channels"],
    sigma: float,
) -> Float64[np.ndarray, "num_images height width"]:
    """Return the squared error of each pixel, a mean over channels, smoothed; float64 (num_images, height, width)."""
    maps = np.empty(originals.shape[:3])
    size = max(1, MAX_VALUES // originals[0].size) if len(originals) else 1
    for start in range(0, len(originals), size):
        batch = slice(start, start + size)
        squared = np.square(np.asarray(reconstructions[batch], np.float64) - originals[batch]).mean(axis=-1)
        maps[batch] = gaussian_filter(squared, (0, sigma, sigma))
    return maps


def highest_local_errors(
    originals: Real[np.ndarray, "num_images height width channels"],
    reconstructions: Real[np.ndarray, "num_images height width channels"],
    sigma: float,
) -> Float64[np.ndarray, " num_images"]:
    """Return the mean of the highest smoothed residuals of each picture: a small defect shows in it, not in a mean."""
    maps = residual_maps(originals, reconstructions, sigma)
    flat = maps.reshape(len(maps), -1)
    count = max(1, round(flat.shape[1] * HIGHEST_SHARE))
    highest: np.ndarray = np.partition(flat, -count, axis=1)[:, -count:].mean(axis=1)
    return highest
