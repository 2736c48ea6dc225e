"""Structural similarity, as far as the loss and the metric have it in common.

Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", 2004.
"""

import numpy as np

from aepipe.arrays import Float64

SSIM_SIGMA, SSIM_WINDOW, SSIM_C1, SSIM_C2 = 1.5, 11, 0.01**2, 0.03**2


def window_radius(height: int, width: int) -> int:
    """Return how far the window reaches from its middle: on narrow images it is the widest odd one that fits."""
    return (min(SSIM_WINDOW, height, width) - 1) // 2


def local_means(length: int, radius: int) -> Float64[np.ndarray, "num_windows length"]:
    """Return the matrix that makes of a row of pixels its Gaussian means, of windows within the image alone."""
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / SSIM_SIGMA) ** 2)
    matrix = np.zeros((length - 2 * radius, length))
    for number, row in enumerate(matrix):
        row[number : number + len(weights)] = weights / weights.sum()
    return matrix
