"""Baselines of a denoiser: the best linear map.

Images are (num_images, height, width, channels) in [0, 1].
"""

from dataclasses import dataclass

import numpy as np

from aepipe.linear import mean_row, most_rows, principal_axes, product
from aepipe.noise import WHITE, NoiseSpec, corrupt
from aepipe.splits import evenly_spaced

RIDGE_STRENGTHS = tuple(10 ** (exponent / 2) for exponent in range(-8, 3))
# A map with nearly as many parameters as rows repeats them: what it leaves over is float32's rounding.
MIN_FREEDOM = 0.01


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
        """Fit on training images, corrupted as the test set is, with the ridge that cross-validates best.

        Args:
            clean: The training images; at most 30,000 of them and 24 million of their values, evenly spaced, are used;
                of images over 3,072 values at most 2,000.
            image_ids: (num_images,) each image's row in its data set.
            spec: The noise.
            seed: What the noise depends on.
        """
        chosen = evenly_spaced(len(clean), most_rows(clean[0].size))
        targets = clean[chosen]
        return cls.fit_pairs(corrupt(targets, spec, seed, image_ids[chosen]) * np.float32(1 / WHITE), targets)

    @classmethod
    def fit_pairs(cls, noisy: np.ndarray, clean: np.ndarray) -> "LinearDenoiser":
        """Fit on noisy training images and their clean ones, with the ridge that cross-validates best."""
        regression = _Regression.of(*(images.reshape(len(images), -1) for images in (noisy, clean)))
        return regression.solve(min(RIDGE_STRENGTHS, key=regression.cross_validated))

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
        num_rows: How many rows there are.
        total: The targets' squared distance from their mean.
    """

    mean_input: np.ndarray
    mean_target: np.ndarray
    axes: np.ndarray
    variances: np.ndarray
    products: np.ndarray
    num_rows: int
    total: float

    @classmethod
    def of(cls, inputs: np.ndarray, targets: np.ndarray) -> "_Regression":
        mean_input, mean_target = mean_row(inputs), mean_row(targets)
        centred, targets = inputs - mean_input, targets - mean_target
        axes, variances = principal_axes(centred)
        # Never num_values squared of large images: few of them have few axes.
        are_many = len(inputs) >= len(axes)
        products = axes.T @ product(centred, targets) if are_many else product(centred @ axes, targets)
        total = float(np.einsum("ij,ij->", targets, targets, dtype=np.float64))
        return cls(mean_input, mean_target, axes, variances, products, len(inputs), total)

    def solve(self, strength: float) -> LinearDenoiser:
        """Return the ridge solution; `strength` is relative to the mean variance of a pixel."""
        weights = self.products / self._damped(strength)[:, np.newaxis]
        return LinearDenoiser(self.mean_input, self.mean_target, self.axes, weights.astype(np.float32))

    def cross_validated(self, strength: float) -> float:
        """Return the generalised cross-validation error of the ridge solution (Golub, Heath and Wahba, 1979).

        It is the error of leaving each row out in turn, with the mean of the rows' leverages for each: no second fit.
        """
        damped = self._damped(strength)
        kept = self.variances / damped
        squares = self.total - float(((2 - kept) / damped) @ np.square(self.products).sum(axis=1))
        freedom = self.num_rows - 1 - kept.sum()
        return squares / freedom**2 if freedom > MIN_FREEDOM * self.num_rows else np.inf

    def _damped(self, strength: float) -> np.ndarray:
        ridge = strength * self.variances.sum() / len(self.axes)
        # What has no variance has no products either; the smallest float keeps 0 / 0 away.
        return self.variances + ridge + np.finfo(np.float64).tiny
