"""The Frechet distance of two sets of images, in the features of a small classifier of the same data.

Of Heusel and others, 2017, whose features are those of a network that is trained on ImageNet and has to be fetched.
Here they are the hidden layer of a classifier of the training images' own classes; of images without classes it tells
clusters of them apart. So distances on one data set compare, those on two do not.
"""

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from aepipe.arrays import Float, Float64, Int
from aepipe.linear import PrincipalComponents

# Of images, and of all their values together.
MAX_IMAGES, MAX_VALUES = 10_000, 25_000_000
NUM_COMPONENTS, NUM_FEATURES, NUM_CLUSTERS = 64, 64, 20
NUM_PASSES = 20


def most_images(image_shape: tuple[int, ...]) -> int:
    """Return how many images of this shape are looked at."""
    return max(2, min(MAX_IMAGES, MAX_VALUES // math.prod(image_shape)))


@dataclass(frozen=True)
class Features:
    """What a small classifier sees in images: the outputs of its hidden layer.

    Attributes:
        components: What the classifier is given of an image.
        scale: What they are divided by.
        weights: (num_components, num_features) of the hidden layer.
        offsets: (num_features,)
    """

    components: PrincipalComponents
    scale: float
    weights: Float[np.ndarray, "num_components num_features"]
    offsets: Float[np.ndarray, " num_features"]

    @classmethod
    def fit(
        cls,
        images: Float[np.ndarray, "num_images height width channels"],
        labels: Int[np.ndarray, " num_images"] | None,
    ) -> "Features":
        """Train on images in [0, 1] and their classes, or on clusters of them where there are not at least two."""
        from threadpoolctl import threadpool_limits

        # Sums of several threads are rounded in another order on another machine.
        with threadpool_limits(1):
            components = PrincipalComponents.fit(images, NUM_COMPONENTS)
            inputs = components.encode(images)
            # One scale for all: the smallest components are noise, and would be as large as the first.
            scale = max(float(inputs.std()), float(np.finfo(np.float32).tiny))
            inputs = inputs / scale
            classes = labels if labels is not None and len(np.unique(labels)) > 1 else _clusters(inputs)
            weights, offsets = _hidden_layer(inputs, classes)
        return cls(components, scale, weights, offsets)

    def __call__(
        self, images: Float[np.ndarray, "num_images height width channels"]
    ) -> Float64[np.ndarray, "num_images num_features"]:
        """Return the features of images in [0, 1]."""
        inputs = self.components.encode(images) / self.scale
        return np.maximum(inputs @ self.weights + self.offsets, 0).astype(np.float64)


@dataclass(frozen=True)
class Moments:
    """Mean and covariance of features: all that the distance knows of a set of images."""

    mean: Float64[np.ndarray, " num_features"]
    covariance: Float64[np.ndarray, "num_features num_features"]

    @classmethod
    def of(cls, batches: Iterable[np.ndarray]) -> "Moments":
        """Return those of rows, which come some at a time."""
        rows = np.concatenate(list(batches))
        return cls(rows.mean(axis=0), np.atleast_2d(np.cov(rows, rowvar=False)))


def frechet_percent(real: Moments, other: Moments) -> float:
    """Return the distance of two sets, in percent of the variance of the real one: 0 for equal moments.

    It is the squared 2-Wasserstein distance of two normal distributions with these moments.
    """
    root, variance = _square_root(real.covariance), np.trace(real.covariance)
    overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other.covariance @ root), 0)).sum()
    distance = np.square(real.mean - other.mean).sum() + variance + np.trace(other.covariance) - 2 * overlap
    return float(100 * max(0.0, distance) / variance)


def _square_root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def _clusters(inputs: np.ndarray) -> np.ndarray:
    from sklearn.cluster import KMeans

    count = max(2, min(NUM_CLUSTERS, len(inputs) // 10))
    return KMeans(count, n_init=1, random_state=0).fit_predict(inputs)


def _hidden_layer(inputs: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    with warnings.catch_warnings():
        # So many passes and no more: the time is known before.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier = MLPClassifier((NUM_FEATURES,), max_iter=NUM_PASSES, random_state=0).fit(inputs, classes)
    return classifier.coefs_[0], classifier.intercepts_[0]
