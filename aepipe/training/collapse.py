"""Collapse of a code: a training that went wrong although its loss is finite."""

import numpy as np

# A working code's standard deviation is of the order of its values; float32 noise of a constant code is below 1e-6.
MIN_RELATIVE_DEVIATION = 1e-3


def is_collapsed(codes: np.ndarray) -> bool:
    """Tell whether the code says nothing about its image: it hardly varies over the samples.

    Args:
        codes: (num_images, code_size).
    """
    codes = np.asarray(codes, np.float64)
    size = np.abs(codes).mean()
    return bool(codes.std(axis=0).max() <= MIN_RELATIVE_DEVIATION * max(size, 1e-12))
