"""Appearance of images: brightness, contrast and sharpness of each, as a model sees it."""

import numpy as np

MEASURES = ("brightness", "contrast", "sharpness")
LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)


def measure_pixels(pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Return each measure of each image: mean and standard deviation of the grey values from 0 to 1, and the variance
    of their Laplacian.

    Args:
        pixels: (num_images, height, width, channels) float32 in [0, 1].

    Returns:
        By the measure's name, (num_images,) float32.
    """
    from scipy.ndimage import correlate

    grey = pixels.mean(axis=-1)
    measured = (
        grey.mean(axis=(1, 2)),
        grey.std(axis=(1, 2)),
        correlate(grey, LAPLACIAN[None], mode="nearest").var(axis=(1, 2)),
    )
    return dict(zip(MEASURES, measured, strict=True))
