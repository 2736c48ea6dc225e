"""Baselines of a denoiser: the best linear map.

Images are (num_images, height, width, channels) in [0, 1].
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from aepipe.linear import mean_row, most_rows, principal_axes, product
from aepipe.noise import WHITE, NoiseSpec, corrupt
from aepipe.splits import evenly_spaced

RIDGE_STRENGTHS = tuple(10 ** (exponent / 2) for exponent in range(-8, 3))
# With so many images for each value a regression needs no help.
MANY_ROWS = 5
# Every so many-th image decides which map it is.
DECIDING = 4
# A map with nearly as many parameters as rows repeats them: what it leaves over is float32's rounding.
MIN_FREEDOM = 0.01


class LinearMap(Protocol):
    """A linear map with an offset."""

    def denoise(self, noisy: np.ndarray) -> np.ndarray:
        """Return images of the same shape."""


@dataclass(frozen=True)
class FrequencyFilter:
    """A gain for each frequency of a cosine transform: the linear map that treats all places of an image alike.

    It has as many parameters as an image has values, so that few images tell them: Wiener's filter, as it is found from
    pairs of noisy and clean images.

    Attributes:
        mean_input: (height, width, channels) the mean noisy image.
        mean_target: (height, width, channels) the mean clean image.
        gains: (height, width, channels), of each frequency.
    """

    mean_input: np.ndarray
    mean_target: np.ndarray
    gains: np.ndarray

    @classmethod
    def fit(cls, inputs: np.ndarray, targets: np.ndarray) -> "FrequencyFilter":
        """Fit on pairs of noisy and clean images."""
        mean_input, mean_target = inputs.mean(axis=0), targets.mean(axis=0)
        noisy, clean = _frequencies(inputs - mean_input), _frequencies(targets - mean_target)
        tiny = np.finfo(np.float32).tiny
        return cls(mean_input, mean_target, (noisy * clean).sum(axis=0) / (np.square(noisy).sum(axis=0) + tiny))

    def denoise(self, noisy: np.ndarray) -> np.ndarray:
        """Return cleaner images, of the same shape."""
        from scipy.fft import idctn

        kept = _frequencies(noisy - self.mean_input) * self.gains
        return idctn(kept, axes=(1, 2), norm="ortho") + self.mean_target


@dataclass(frozen=True)
class RidgeMap:
    """The solution of a ridge regression: any linear map with an offset.

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
    def fit(cls, inputs: np.ndarray, targets: np.ndarray) -> "RidgeMap":
        """Fit on pairs of noisy and clean images, with the ridge that cross-validates best."""
        regression = _Regression.of(*(images.reshape(len(images), -1) for images in (inputs, targets)))
        return regression.solve(min(RIDGE_STRENGTHS, key=regression.cross_validated))

    def denoise(self, noisy: np.ndarray) -> np.ndarray:
        """Return cleaner images, of the same shape."""
        rows = noisy.reshape(len(noisy), -1)
        return (((rows - self.mean_input) @ self.axes) @ self.weights + self.mean_target).reshape(noisy.shape)


@dataclass(frozen=True)
class LinearDenoiser:
    """The best linear map that is found from noisy images to clean ones.

    With many more images than values ridge regression finds it. With fewer it remembers them, so a filter of
    frequencies does the most, and a regression what that leaves over, where it helps on images that neither has seen.

    Attributes:
        parts: Maps whose results are added.
    """

    parts: Sequence[LinearMap]

    @classmethod
    def fit(cls, clean: np.ndarray, image_ids: np.ndarray, spec: NoiseSpec, seed: int) -> "LinearDenoiser":
        """Fit on training images, corrupted as the test set is.

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
        """Fit on noisy training images and their clean ones; where they are few, every fourth decides how."""
        if len(clean) >= MANY_ROWS * clean[0].size:
            return cls((RidgeMap.fit(noisy, clean),))
        decides = np.arange(len(clean)) % DECIDING == DECIDING - 1
        if not decides.any():
            return _filter_alone(noisy, clean)
        errors = {fit: fit(noisy[~decides], clean[~decides]).mse(noisy[decides], clean[decides]) for fit in KINDS}
        return min(errors, key=errors.__getitem__)(noisy, clean)

    def denoise(self, noisy: np.ndarray) -> np.ndarray:
        """Return cleaner images, of the same shape."""
        return np.sum([part.denoise(noisy) for part in self.parts], axis=0)

    def mse(self, noisy: np.ndarray, clean: np.ndarray) -> float:
        """Return the mean squared error per pixel against the clean images."""
        return float(np.mean(np.square(self.denoise(noisy) - clean)))


def _filter_alone(inputs: np.ndarray, targets: np.ndarray) -> LinearDenoiser:
    return LinearDenoiser((FrequencyFilter.fit(inputs, targets),))


def _filter_and_regression(inputs: np.ndarray, targets: np.ndarray) -> LinearDenoiser:
    frequencies = FrequencyFilter.fit(inputs, targets)
    left_over = (targets - frequencies.denoise(inputs)).astype(np.float32)
    return LinearDenoiser((frequencies, RidgeMap.fit(inputs, left_over)))


KINDS = (_filter_alone, _filter_and_regression)


def _frequencies(images: np.ndarray) -> np.ndarray:
    # Here, because it takes a while, and every command knows the names of the baselines.
    from scipy.fft import dctn

    return dctn(images, axes=(1, 2), norm="ortho")


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

    def solve(self, strength: float) -> RidgeMap:
        """Return the ridge solution; `strength` is relative to the mean variance of a pixel."""
        weights = self.products / self._damped(strength)[:, np.newaxis]
        return RidgeMap(self.mean_input, self.mean_target, self.axes, weights.astype(np.float32))

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
