"""Small images with structure, for tests of linear maps."""

import numpy as np


def smooth_images(count: int) -> np.ndarray:
    """(count, 6, 6, 1) in [0, 1]: sums of a few waves."""
    y, x = np.mgrid[:6, :6] / 6
    waves = np.stack([np.sin(2 * np.pi * (a * x + b * y)) for a in range(3) for b in range(3)])
    weights = np.random.default_rng(0).normal(size=(count, len(waves)))
    images = np.einsum("nw,whv->nhv", weights, waves)
    return ((images - images.min()) / np.ptp(images))[..., None].astype(np.float32)
