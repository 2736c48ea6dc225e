"""What a model has to beat: the mean image, PCA at the same code size, the best linear denoiser.

Images are (num_images, height, width, channels) in [0, 1].
"""

from dataclasses import dataclass

import numpy as np

from aepipe.evaluation.metrics import mse_per_image
from aepipe.noise import WHITE, NoiseSpec, corrupt

# Enough rows for 784 to 3,072 coefficients a pixel; more change the third digit.
MAX_LINEAR_ROWS = 20_000
RIDGE_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
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
        mean = rows.mean(axis=0, dtype=np.float64)
        centred = rows - mean.astype(np.float32)
        if len(rows) < rows.shape[1]:
            components = np.linalg.svd(centred, full_matrices=False)[2][:code_size]
        else:
            vectors = np.linalg.eigh(centred.T @ centred)[1]
            components = vectors.T[::-1][:code_size]
        return cls(mean.astype(np.float32), np.ascontiguousarray(components, np.float32))

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Return the images' projections, of the same shape."""
        rows = images.reshape(len(images), -1) - self.mean
        return ((rows @ self.components.T) @ self.components + self.mean).reshape(images.shape)


@dataclass(frozen=True)
class LinearDenoiser:
    """The linear map with an offset that makes noisy images into clean ones best, by ridge regression.

    Attributes:
        weights: (num_values, num_values).
        offset: (num_values,).
    """

    weights: np.ndarray
    offset: np.ndarray

    @classmethod
    def fit(cls, clean: np.ndarray, image_ids: np.ndarray, spec: NoiseSpec, seed: int) -> "LinearDenoiser":
        """Fit on training images, corrupted as the test set is; a tenth of them chooses the ridge's strength.

        Args:
            clean: The training images; at most 20,000 of them, evenly spaced, are used.
            image_ids: (num_images,) each image's row in its data set.
            spec: The noise.
            seed: What the noise depends on.
        """
        chosen = np.unique(np.linspace(0, len(clean) - 1, min(len(clean), MAX_LINEAR_ROWS)).astype(int))
        targets = clean[chosen]
        inputs = corrupt(targets, spec, seed, image_ids[chosen]) * np.float32(1 / WHITE)
        targets, inputs = (rows.reshape(len(rows), -1) for rows in (targets, inputs))
        held_out = np.arange(len(targets)) % 10 == 9
        moments = _Moments.of(inputs[~held_out], targets[~held_out])
        candidates = [moments.solve(strength) for strength in RIDGE_STRENGTHS]
        errors = [
            np.mean((inputs[held_out] @ map_.weights + map_.offset - targets[held_out]) ** 2) for map_ in candidates
        ]
        best = int(np.argmin(errors)) if held_out.any() else 1
        return moments.plus(_Moments.of(inputs[held_out], targets[held_out])).solve(RIDGE_STRENGTHS[best])

    def denoise(self, noisy: np.ndarray) -> np.ndarray:
        """Return cleaner images, of the same shape."""
        rows = noisy.reshape(len(noisy), -1)
        return (rows @ self.weights + self.offset).reshape(noisy.shape)


@dataclass(frozen=True)
class _Moments:
    """Sums over rows that ridge regression needs."""

    count: int
    inputs: np.ndarray
    targets: np.ndarray
    inputs_inputs: np.ndarray
    inputs_targets: np.ndarray

    @classmethod
    def of(cls, inputs: np.ndarray, targets: np.ndarray) -> "_Moments":
        size = inputs.shape[1]
        products = np.zeros((2, size, size))
        # Sums in float64 over float32 products of some thousand rows: exact enough, and half the time.
        for start in range(0, len(inputs), BATCH_ROWS):
            batch, wanted = inputs[start : start + BATCH_ROWS], targets[start : start + BATCH_ROWS]
            products += np.stack([batch.T @ batch, batch.T @ wanted])
        return cls(len(inputs), inputs.sum(0, np.float64), targets.sum(0, np.float64), *products)

    def plus(self, other: "_Moments") -> "_Moments":
        names = ("count", "inputs", "targets", "inputs_inputs", "inputs_targets")
        return _Moments(*(getattr(self, name) + getattr(other, name) for name in names))

    def solve(self, strength: float) -> LinearDenoiser:
        """Return the ridge solution; `strength` is relative to the mean variance of a pixel."""
        mean_input, mean_target = self.inputs / self.count, self.targets / self.count
        covariance = self.inputs_inputs / self.count - np.outer(mean_input, mean_input)
        cross = self.inputs_targets / self.count - np.outer(mean_input, mean_target)
        ridge = strength * np.trace(covariance) / len(covariance)
        weights = np.linalg.solve(covariance + (ridge + 1e-12) * np.eye(len(covariance)), cross)
        offset = mean_target - mean_input @ weights
        return LinearDenoiser(weights.astype(np.float32), offset.astype(np.float32))


def mean_image_mse(train: np.ndarray, test: np.ndarray) -> float:
    """Return the error of answering every test image with the mean training image."""
    mean = train.mean(axis=0, keepdims=True, dtype=np.float64)
    return float(mse_per_image(test, np.broadcast_to(mean, test.shape)).mean())
