"""Hidden pixels: how well a model tells them from those around them, for which no clean image is needed.

Where the noise of one pixel says nothing of that of another, this error is that of the clean pixel and the variance of
the noise together: of two models the better one has the smaller error, though nobody knows the clean images.
"""

import numpy as np
from scipy.ndimage import correlate1d

from aepipe.noise import hide

# So many held-out images are enough; their rows say which pixels are hidden.
MAX_IMAGES, SEED = 1000, 0
WINDOW = 3


def hide_held_out(images: np.ndarray, share: float, image_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return images with hidden pixels, the images, and which pixels are hidden, of the first so many.

    Args:
        images: (num_images, height, width, channels) in [0, 1].
        share: Share of the pixels that are hidden.
        image_ids: (num_images,) each image's row in its data set.
    """
    some = images[:MAX_IMAGES]
    inputs, hidden = hide(some, share, SEED, np.asarray(image_ids[:MAX_IMAGES]))
    return inputs, some, hidden


def hidden_errors(targets: np.ndarray, outputs: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Return the mean squared error of each image's hidden pixels, float64 of (num_images,)."""
    squared = np.square(np.asarray(outputs, np.float64) - targets).mean(axis=-1, keepdims=True)
    counts = hidden.sum(axis=(1, 2, 3))
    errors: np.ndarray = (squared * hidden).sum(axis=(1, 2, 3)) / np.maximum(counts, 1)
    return errors


def mean_of_neighbours(images: np.ndarray) -> np.ndarray:
    """Return images whose every pixel is the mean of the eight around it."""
    sums = np.asarray(images, np.float64)
    for axis in (1, 2):
        sums = correlate1d(sums, np.ones(WINDOW), axis, mode="mirror")
    means: np.ndarray = (sums - images) / (WINDOW * WINDOW - 1)
    return means
