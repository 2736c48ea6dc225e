"""What a model has to beat: the mean image, PCA at the same code size, the best linear denoiser.

Images are (num_images, height, width, channels) in [0, 1].
"""

from dataclasses import dataclass

import numpy as np

from aepipe.evaluation.metrics import mse_per_image
from aepipe.noise import WHITE, NoiseSpec, corrupt

# MNIST's 60,000 rows make the map no better (0.01483 against 0.01478), 20,000 make it 2% worse and too easy to beat.
MAX_LINEAR_ROWS = 30_000
# Bounds the memory for large images.
MAX_LINEAR_VALUES = MAX_LINEAR_ROWS * 784
# Above this size the time grows with the rows' cube: 2,000 rows of 64x64x3 take seconds, 4,000 minutes.
LARGE_IMAGE_VALUES, MAX_LARGE_ROWS = 3072, 2000
RIDGE_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
BATCH_ROWS = 4096


@dataclass(frozen=True)
class PrincipalComponents:
    """The linear autoencoder of a code size: the best there is for the images that it was fitted on.

    Attributes:
        mean: (num_values,) the mean image.
        components: (code_size, num_values), orthonormal, the most telling first.
    """

    mean: np.ndarray
    components: np.ndarray

    @classmethod
    def fit(cls, images: np.ndarray, code_size: int) -> "PrincipalComponents":
        """Fit on training images; a code size over the rank gives all components that there are."""
        rows = images.reshape(len(images), -1)
        mean = _mean(rows)
        axes, _ = _principal_axes(rows - mean)
        return cls(mean, np.ascontiguousarray(axes[:, :code_size].T))

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Return the images' projections, of the same shape."""
        rows = images.reshape(len(images), -1) - self.mean
        return ((rows @ self.components.T) @ self.components + self.mean).reshape(images.shape)


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
        num_values = clean[0].size
        most_rows = MAX_LARGE_ROWS if num_values > LARGE_IMAGE_VALUES else MAX_LINEAR_ROWS
        num_rows = min(len(clean), most_rows, max(1, MAX_LINEAR_VALUES // num_values))
        chosen = np.linspace(0, len(clean) - 1, num_rows).astype(int)
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
        mean_input, mean_target = _mean(inputs), _mean(targets)
        centred = inputs - mean_input
        axes, variances = _principal_axes(centred)
        if len(inputs) >= len(axes):
            products = axes.T @ _product(centred, targets - mean_target)
        else:
            # Never num_values squared: few large images have few axes.
            products = _product(centred @ axes, targets - mean_target)
        return cls(mean_input, mean_target, axes, variances, products)

    def solve(self, strength: float) -> LinearDenoiser:
        """Return the ridge solution; `strength` is relative to the mean variance of a pixel."""
        ridge = strength * self.variances.sum() / len(self.axes)
        # What has no variance has no products either; the smallest float keeps 0 / 0 away.
        weights = self.products / (self.variances + ridge + np.finfo(np.float64).tiny)[:, np.newaxis]
        return LinearDenoiser(self.mean_input, self.mean_target, self.axes, weights.astype(np.float32))


def mean_image_mse(train: np.ndarray, test: np.ndarray) -> float:
    """Return the error of answering every test image with the mean training image."""
    mean = train.mean(axis=0, keepdims=True, dtype=np.float64)
    return float(mse_per_image(test, np.broadcast_to(mean, test.shape)).mean())


def _mean(rows: np.ndarray) -> np.ndarray:
    return rows.mean(axis=0, dtype=np.float64).astype(np.float32)


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return left.T @ right, float64: sums of float32 products of some thousand rows, exact enough at half the time."""
    total = np.zeros((left.shape[1], right.shape[1]))
    for start in range(0, len(left), BATCH_ROWS):
        total += left[start : start + BATCH_ROWS].T @ right[start : start + BATCH_ROWS]
    return total


def _principal_axes(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return orthonormal axes, float32 of (num_values, rank), and the sum of squares along each, the largest first.

    The rank is at most the number of rows, so few large images cost no more than many small ones.
    """
    num_rows, num_values = centred.shape
    if num_rows >= num_values:
        squares, vectors = np.linalg.eigh(_product(centred, centred))
        return np.ascontiguousarray(vectors[:, ::-1], np.float32), np.maximum(squares[::-1], 0.0)
    squares, vectors = np.linalg.eigh(_product(centred.T, centred.T))
    # float32 sums of squares are rounded at about 1e-7 of the largest; axes under that are rounding alone.
    kept = np.flatnonzero(squares > 1e-7 * squares[-1])[::-1]
    axes = (centred.T @ vectors[:, kept].astype(np.float32)) / np.sqrt(squares[kept]).astype(np.float32)
    return axes, squares[kept]
