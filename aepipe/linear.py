"""Linear maps of images: PCA at a code size, and the algebra under it, bounded in memory and time.

Images are (num_images, height, width, channels) in [0, 1]; rows are images as (num_images, num_values).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from aepipe.arrays import Float, Float32, Float64, Real

# MNIST's 60,000 rows make the best denoiser no better (0.01483 against 0.01478), 20,000 make it 2% worse.
MAX_ROWS = 30_000
# Bounds the memory for large images.
MAX_VALUES = MAX_ROWS * 784
# Above this size the time grows with the rows' cube: 2,000 rows of 64x64x3 take seconds, 4,000 minutes.
LARGE_IMAGE_VALUES, MAX_LARGE_ROWS = 3072, 2000
BATCH_ROWS = 4096
# Up to so many rows or values an eigendecomposition takes seconds; it grows with their cube.
MAX_EXACT = 2048
# Of the components, which are kept, and of the images that are held at once: 128 and 512 MiB of float32. Only images of
# 128x128x3 and more reach either.
MAX_COMPONENT_VALUES, MAX_HELD_VALUES = 1 << 25, 1 << 27
# Of the randomised one (Halko, Martinsson and Tropp, 2011): directions beside the wanted ones, passes over the images.
MORE_DIRECTIONS, NUM_PASSES = 32, 4


@dataclass(frozen=True)
class PrincipalComponents:
    """The linear autoencoder of a code size: the best there is for the images that it was fitted on.

    Attributes:
        mean: (num_values,) the mean image.
        components: (code_size, num_values), orthonormal, the most telling first.
    """

    mean: Float32[np.ndarray, " num_values"]
    components: Float[np.ndarray, "code_size num_values"]

    @classmethod
    def fit(cls, images: Real[np.ndarray, " num_images *image_shape"], code_size: int) -> "PrincipalComponents":
        """Fit on training images; a code size over the rank gives all components that there are."""
        return cls.fit_batches(lambda: [images], code_size)

    @classmethod
    def fit_batches(cls, batches: Callable[[], Iterable[np.ndarray]], code_size: int) -> "PrincipalComponents":
        """Fit on training images that are read several times, some at a time.

        They are held all at once only where there are at most 2,048 of at most 512 MiB, and fewer than values in an
        image. Where there are more of both the components are found by a randomised method. There are no more
        components than 128 MiB hold: of images of 256x256x3 these are 170.
        """
        num_rows, total = 0, np.zeros(())
        for images in batches():
            num_rows, total = num_rows + len(images), total + _rows(images).sum(axis=0, dtype=np.float64)
        mean = (total / num_rows).astype(np.float32)

        def centred() -> Iterable[np.ndarray]:
            return (_rows(images) - mean for images in batches())

        code_size = min(code_size, max(1, MAX_COMPONENT_VALUES // len(mean)))
        are_held = num_rows < len(mean) and num_rows * len(mean) <= MAX_HELD_VALUES
        if min(num_rows, len(mean)) > max(MAX_EXACT, code_size) or (num_rows < len(mean) and not are_held):
            axes = _leading_axes(centred, len(mean), code_size)
        elif are_held:
            axes, _ = principal_axes(np.concatenate(list(centred())))
        else:
            axes, _ = _eigenvectors(_sum(product(rows, rows) for rows in centred()))
        return cls(mean, np.ascontiguousarray(axes[:, :code_size].T))

    def encode(self, images: Real[np.ndarray, " num_images *image_shape"]) -> Float[np.ndarray, "num_images code_size"]:
        """Return the images' places along the components, (num_images, code_size)."""
        return (_rows(images) - self.mean) @ self.components.T

    def decode(self, codes: Float[np.ndarray, "num_images code_size"]) -> Float[np.ndarray, "num_images num_values"]:
        """Return the rows that codes stand for, (num_images, num_values)."""
        return codes @ self.components + self.mean

    def reconstruct(
        self, images: Real[np.ndarray, " num_images *image_shape"]
    ) -> Float[np.ndarray, " num_images *image_shape"]:
        """Return the images' projections, of the same shape."""
        return self.decode(self.encode(images)).reshape(images.shape)


def most_rows(num_values: int) -> int:
    """Return how many images of this size a linear map is fitted on at most."""
    largest = MAX_LARGE_ROWS if num_values > LARGE_IMAGE_VALUES else MAX_ROWS
    return min(largest, max(1, MAX_VALUES // num_values))


def mean_row(rows: Real[np.ndarray, "num_rows num_values"]) -> Float32[np.ndarray, " num_values"]:
    """Return the mean row, float32."""
    return rows.mean(axis=0, dtype=np.float64).astype(np.float32)


def product(
    left: Float[np.ndarray, "num_rows num_left"], right: Float[np.ndarray, "num_rows num_right"]
) -> Float64[np.ndarray, "num_left num_right"]:
    """Return left.T @ right, float64: sums of float32 products of some thousand rows, exact enough at half the time."""
    total = np.zeros((left.shape[1], right.shape[1]))
    for start in range(0, len(left), BATCH_ROWS):
        total += left[start : start + BATCH_ROWS].T @ right[start : start + BATCH_ROWS]
    return total


def principal_axes(
    centred: Float[np.ndarray, "num_rows num_values"],
) -> tuple[Float32[np.ndarray, "num_values rank"], Float64[np.ndarray, " rank"]]:
    """Return orthonormal axes, float32 of (num_values, rank), and the sum of squares along each, the largest first.

    The rank is at most the number of rows, so few large images cost no more than many small ones.
    """
    num_rows, num_values = centred.shape
    if num_rows >= num_values:
        return _eigenvectors(product(centred, centred))
    squares, vectors = np.linalg.eigh(product(centred.T, centred.T))
    # float32 sums of squares are rounded at about 1e-7 of the largest; axes under that are rounding alone.
    kept = np.flatnonzero(squares > 1e-7 * squares[-1])[::-1]
    axes = (centred.T @ vectors[:, kept].astype(np.float32)) / np.sqrt(squares[kept]).astype(np.float32)
    return axes, squares[kept]


def _eigenvectors(products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    squares, vectors = np.linalg.eigh(products)
    return np.ascontiguousarray(vectors[:, ::-1], np.float32), np.maximum(squares[::-1], 0.0)


def _leading_axes(centred: Callable[[], Iterable[np.ndarray]], num_values: int, count: int) -> np.ndarray:
    """Return the first principal axes, float32 of (num_values, count), by subspace iteration from random directions."""
    width = min(count + MORE_DIRECTIONS, num_values)
    basis = np.random.Generator(np.random.PCG64(0)).standard_normal((num_values, width), np.float32)
    for _ in range(NUM_PASSES):
        products = _sum(product(rows, rows @ basis) for rows in centred())
        basis = np.ascontiguousarray(np.linalg.qr(products)[0], np.float32)
    within = _sum(product(rows @ basis, rows @ basis) for rows in centred())
    return (basis @ _eigenvectors(within)[0])[:, :count]


def _sum(arrays: Iterable[np.ndarray]) -> np.ndarray:
    return sum(arrays, np.zeros(()))


def _rows(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)
