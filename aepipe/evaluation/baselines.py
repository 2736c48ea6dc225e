"""What a denoiser has to beat: the best linear map.

Images are (num_images, height, width, channels) in [0, 1].
"""

from dataclasses import dataclass

import numpy as np

from aepipe.linear import mean_row, most_rows, principal_axes, product
from aepipe.noise import WHITE, NoiseSpec, corrupt
from aepipe.splits import evenly_spaced

RIDGE_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


@dataclass(frozen=True)
class LinearDenoiser:
    """The linear map with an offset that makes noisy images into clean ones best, by ridge regression.

    Attributes:
        mean_input: (num_values,) the mean noisy image.
        mean_target: (num_values,) the mean clean image.
        axes: (num_values, rank), the principal axes of the noisy images.
        weights: (rank, num_values), from places along the axes to clean pixels.
    """

    mean_input: np.ndarray
    mean_target: np.ndarray
    axes: np.ndarray
    weights: np.ndarray

    @classmethod
    def fit(cls, clean: np.ndarray, image_ids: np.ndarray, spec: NoiseSpec, seed: int) -> "LinearDenoiser":
        """Fit on training images, corrupted as the test set is; a tenth of them chooses the ridge's strength.

        Args:
            clean: The training images; at most 30,000 of them and 24 million of their values, evenly spaced, are used;
                of images over 3,072 values at most 2,000.
            image_ids: (num_images,) each image's row in its data set.
            spec: The noise.
            seed: What the noise depends on.
        """
        chosen = evenly_spaced(len(clean), most_rows(clean[0].size))
        num_rows = len(chosen)
        targets = clean[chosen]
        inputs = corrupt(targets, spec, seed, image_ids[chosen]) * np.float32(1 / WHITE)
        targets, inputs = (rows.reshape(num_rows, -1) for rows in (targets, inputs))
        held_out = np.arange(num_rows) % 10 == 9
        strength = RIDGE_STRENGTHS[1]
        if held_out.any():
            candidates = _Regression.of(inputs[~held_out], targets[~held_out])
            strength = min(
                RIDGE_STRENGTHS,
                key=lambda strength: candidates.solve(strength).mse(inputs[held_out], targets[held_out]),
            )
        return _Regression.of(inputs, targets).solve(strength)

    def denoise(self, noisy: np.ndarray) -> np.ndarray:
        """Return cleaner images, of the same shape."""
        rows = noisy.reshape(len(noisy), -1)
        return (((rows - self.mean_input) @ self.axes) @ self.weights + self.mean_target).reshape(noisy.shape)

    def mse(self, noisy: np.ndarray, clean: np.ndarray) -> float:
        """Return the mean squared error per pixel against the clean images."""
        return float(np.mean(np.square(self.denoise(noisy) - clean)))


@dataclass(frozen=True)
class _Regression:
    """Ridge regressions of every strength: along the principal axes of the inputs, each is a division.

    Attributes:
        mean_input: (num_values,)
        mean_target: (num_values,)
        axes: (num_values, rank)
        variances: (rank,), sums over the rows.
        products: (rank, num_values), of inputs along the axes with targets, sums over the rows.
    """

    mean_input: np.ndarray
    mean_target: np.ndarray
    axes: np.ndarray
    variances: np.ndarray
    products: np.ndarray

    @classmethod
    def of(cls, inputs: np.ndarray, targets: np.ndarray) -> "_Regression":
        mean_input, mean_target = mean_row(inputs), mean_row(targets)
        centred = inputs - mean_input
        axes, variances = principal_axes(centred)
        if len(inputs) >= len(axes):
            products = axes.T @ product(centred, targets - mean_target)
        else:
            # Never num_values squared: few large images have few axes.
            products = product(centred @ axes, targets - mean_target)
        return cls(mean_input, mean_target, axes, variances, products)

    def solve(self, strength: float) -> LinearDenoiser:
        """Return the ridge solution; `strength` is relative to the mean variance of a pixel."""
        ridge = strength * self.variances.sum() / len(self.axes)
        # What has no variance has no products either; the smallest float keeps 0 / 0 away.
        weights = self.products / (self.variances + ridge + np.finfo(np.float64).tiny)[:, np.newaxis]
        return LinearDenoiser(self.mean_input, self.mean_target, self.axes, weights.astype(np.float32))
