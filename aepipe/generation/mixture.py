"""A Gaussian mixture of a model's codes: where its training images lie, which a prior does not know."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aepipe.arrays import Float, Float64
from aepipe.splits import evenly_spaced

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

MIXTURE_FILE = "code-mixture.npz"
# More codes make no better mixture and cost their share of the time.
MAX_CODES = 10_000
COMPONENTS = (1, 4, 16, 64)
# Of all covariances together: each pass over the codes takes as long as they have numbers.
MAX_NUMBERS = 2**18
MAX_PASSES = 100
# Without codes to decide by, so many of those to fit on stay out.
DECIDING_SHARE = 5


@dataclass(frozen=True)
class CodeMixture:
    """Some normal distributions, each with its share.

    Attributes:
        weights: (num_components,) the shares.
        means: (num_components, code_size).
        factors: (num_components, code_size, code_size), lower triangular: each times its transpose is the covariance.
    """

    weights: Float64[np.ndarray, " num_components"]
    means: Float64[np.ndarray, "num_components code_size"]
    factors: Float64[np.ndarray, "num_components code_size code_size"]

    @classmethod
    def fit(
        cls,
        codes: Float[np.ndarray, "num_codes code_size"],
        deciding: Float[np.ndarray, "num_deciding code_size"] | None = None,
    ) -> "CodeMixture":
        """Fit by maximum likelihood, with as many components as other codes are most likely under.

        Args:
            codes: Those of training images; at most 10,000 of them, evenly spaced, are used.
            deciding: The other codes; every fifth of the first where None, or empty.
        """
        from threadpoolctl import threadpool_limits

        codes = np.asarray(codes, np.float64)[evenly_spaced(len(codes), MAX_CODES)]
        # A value that never varies has no unit of its own.
        mean, deviation = codes.mean(axis=0), codes.std(axis=0)
        deviation = np.where(deviation > 0, deviation, 1.0)
        codes = (codes - mean) / deviation
        if deciding is None or not len(deciding):
            is_deciding = np.arange(len(codes)) % DECIDING_SHARE == DECIDING_SHARE - 1
            fitted_on, deciding = codes[~is_deciding], codes[is_deciding]
        else:
            fitted_on, deciding = codes, (np.asarray(deciding, np.float64) - mean) / deviation
        # Sums of several threads are rounded in another order on another machine.
        with threadpool_limits(1):
            found = max(_fits(fitted_on), key=lambda mixture: mixture.score(deciding) if len(deciding) else 0.0)
            factors = np.linalg.cholesky(found.covariances_)
        return cls(found.weights_, mean + deviation * found.means_, deviation[:, np.newaxis] * factors)

    def draw(self, num_codes: int, generator: np.random.Generator) -> Float64[np.ndarray, "num_codes code_size"]:
        """Return codes that are distributed so."""
        components = generator.choice(len(self.weights), num_codes, p=self.weights / self.weights.sum())
        noise = generator.standard_normal((num_codes, self.means.shape[1]))
        # One component after the other: a factor for each code would be gigabytes.
        codes = np.empty_like(noise)
        for component, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            rows = components == component
            codes[rows] = mean + noise[rows] @ factor.T
        return codes

    def save(self, path: Path) -> None:
        """Write it as .npz, float32."""
        weights, means, factors = (array.astype(np.float32) for array in (self.weights, self.means, self.factors))
        np.savez(path, weights=weights, means=means, factors=factors)

    @classmethod
    def load(cls, path: Path) -> "CodeMixture":
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            return cls(*(arrays[name].astype(np.float64) for name in ("weights", "means", "factors")))


def _fits(codes: np.ndarray) -> "Iterator[GaussianMixture]":
    """Yield a mixture for each number of components that there are codes and time for."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    # One alone has no covariance.
    codes = codes if len(codes) > 1 else np.repeat(codes, 2, axis=0)
    num_codes, code_size = codes.shape
    for count in COMPONENTS:
        if count == 1 or (count * code_size**2 <= MAX_NUMBERS and count * (code_size + 1) <= num_codes):
            with warnings.catch_warnings():
                # One that has not quite settled is judged like the others.
                warnings.simplefilter("ignore", ConvergenceWarning)
                yield GaussianMixture(count, max_iter=MAX_PASSES, reg_covar=1e-4, random_state=0).fit(codes)
