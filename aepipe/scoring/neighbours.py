"""Neighbours: how far a picture's code is from the nearest codes of training pictures.

Codes are compared for each unit of their picture's contrast. Otherwise a pale picture of anything lies near the middle
of all codes, and so near the training pictures: of MNIST's eights a one.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from aepipe.arrays import Float32, Float64, Real

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

MAX_REFERENCES = 10_000
BATCH_IMAGES = 1000
# With fewer, threads wait for each other longer than they compute: on a busy machine for ten times as long.
MIN_PRODUCTS_FOR_THREADS = 1 << 27
# A picture of one shade has no contrast to divide by: one in which a pixel differs by half a level of 8 bits.
MIN_CONTRAST = 0.5 / 255


def contrasts(
    images: Real[np.ndarray, "num_images height width channels"],
) -> Float64[np.ndarray, " num_images"]:
    """Return the standard deviation of each picture's pixels."""
    found: np.ndarray = images.reshape(len(images), -1).std(axis=1, dtype=np.float64)
    return np.maximum(found, MIN_CONTRAST)


def codes_per_contrast(
    images: Real[np.ndarray, "num_images height width channels"],
    codes: Real[np.ndarray, "num_images code_size"],
) -> Float32[np.ndarray, "num_images code_size"]:
    """Return the codes of pictures, each divided by its picture's contrast, as they are compared."""
    return (codes / contrasts(images)[:, np.newaxis]).astype(np.float32)


@dataclass(frozen=True)
class Reference:
    """Training pictures that others are compared with.

    Attributes:
        codes: (num_references, code_size), per contrast.
        digests: (num_references,) of the pictures, hex digits as bytes.
    """

    codes: Float32[np.ndarray, "num_references code_size"]
    digests: np.ndarray

    def distances(
        self, codes: Float32[np.ndarray, "num_images code_size"], num_neighbours: int
    ) -> Float64[np.ndarray, " num_images"]:
        """Return the mean Euclidean distance of each code, per contrast, to its nearest references."""
        # Here, because it takes a second, and who only reads what a release says needs none of it.
        from sklearn.neighbors import NearestNeighbors

        nearest = NearestNeighbors(n_neighbors=min(num_neighbours, len(self.codes)), algorithm="brute").fit(self.codes)
        starts = range(0, len(codes), BATCH_IMAGES)
        with _threads_for(len(codes) * self.codes.size):
            found = [nearest.kneighbors(codes[start : start + BATCH_IMAGES])[0].mean(axis=1) for start in starts]
        return np.concatenate(found).astype(np.float64) if found else np.empty(0)


def _threads_for(num_products: int) -> AbstractContextManager[object]:
    return nullcontext() if num_products >= MIN_PRODUCTS_FOR_THREADS else _thread_pools().limit(limits=1)


@cache
def _thread_pools() -> "ThreadpoolController":
    """Return the libraries that compute in threads: finding them takes as long as some comparisons."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
