"""Bootstrap: how far a mean over held-out images may lie from that over all images like them.

Images are drawn again and again, as many as there are, each time with some of them twice and some not at all; how much
the mean differs between the draws is how much it would between test sets (Efron, 1979). Images that belong together, as
those of a person, are drawn together: they tell less than as many strangers.
"""

import math
from functools import partial

import numpy as np

from aepipe.arrays import Float64
from aepipe.evaluation.intervals import CONFIDENCE, RESAMPLES, Interval

# An interval never leaves what was seen. Of fewer units the true mean is outside too often, whatever is computed.
MIN_UNITS = 5
# More are dealt into so many bundles, whose means differ as the units' own do: memory and time are bounded.
MAX_UNITS = 10_000
# Places that are drawn at once.
MAX_DRAWN = 1_000_000


def bootstrap_interval(
    errors: Float64[np.ndarray, " num_images"],
    groups: np.ndarray | None = None,
    *,
    reference: Float64[np.ndarray, " num_images"] | None = None,
    spread: float = 0.0,
    freedom: float = math.inf,
    confidence: float = CONFIDENCE,
    num_resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """Return where the mean of errors lies, or by what share it differs from that of others on the same images.

    The ends are quantiles of the resampled figure. Of few units they are taken further out, as far as Student's t is
    from the normal distribution (Hesterberg, "What Teachers Should Know About the Bootstrap", 2015).

    Args:
        errors: (num_images,) a figure of each image, such as its error.
        groups: (num_images,) equal where images belong together; each by itself where None.
        reference: (num_images,) the errors of another model on the same images: the interval is that of the relative
            difference of the means, 0.1 where the first is larger by a tenth.
        spread: Relative standard deviation by which such a difference varies for other reasons than the images; each
            resample draws it, too.
        freedom: Degrees of freedom that the spread was estimated with.
        confidence: Share of such intervals that hold the true figure.
        num_resamples: How often images are drawn.
        seed: What the draws depend on.

    Returns:
        The interval. None where fewer than `MIN_UNITS` images or groups are there, where a number is not finite, or
        where the reference has no error at all.
    """
    columns = np.column_stack([errors, np.ones(len(errors)) if reference is None else reference])
    generator = np.random.Generator(np.random.PCG64(seed))
    totals = _bundled(_totals(columns.astype(np.float64), groups), generator)
    if len(totals) < MIN_UNITS or not np.isfinite(totals).all() or (totals[:, 1] < 0).any() or not totals[:, 1].any():
        return None
    sums = _resampled(totals, num_resamples, generator)
    # Those that happened to draw no error of the reference at all tell nothing of a share.
    sums = sums[sums[:, 1] > 0]
    figures = sums[:, 0] / sums[:, 1] - (reference is not None)
    if spread:
        drawn = generator.standard_normal if math.isinf(freedom) else partial(generator.standard_t, freedom)
        figures = figures + spread * drawn(size=len(figures))
    low, high = np.quantile(figures, _ends(len(totals), confidence))
    return Interval(low=float(low), high=float(high))


def _totals(columns: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Return (num_units, 2): each group's sums, or the columns themselves."""
    if groups is None:
        return columns
    names, unit = np.unique(groups, return_inverse=True)
    if len(names) == len(columns):
        return columns
    return np.column_stack([np.bincount(unit, column) for column in columns.T])


def _bundled(totals: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    if len(totals) <= MAX_UNITS:
        return totals
    # In any order, as those of a class may stand together.
    dealt = generator.permutation(len(totals)) % MAX_UNITS
    return np.column_stack([np.bincount(dealt, column) for column in totals.T])


def _resampled(totals: np.ndarray, num_resamples: int, generator: np.random.Generator) -> np.ndarray:
    """Return (num_resamples, 2): the sums over as many units as there are, drawn with replacement."""
    size, at_once = len(totals), max(1, MAX_DRAWN // len(totals))
    sums = np.empty((num_resamples, 2))
    for start in range(0, num_resamples, at_once):
        drawn = generator.integers(0, size, (min(at_once, num_resamples - start), size), dtype=np.int32)
        for column, values in enumerate(totals.T.copy()):
            # Where all are equal, as counts of images are, there is nothing to look up.
            is_constant = values.min() == values.max()
            sums[start : start + at_once, column] = size * values[0] if is_constant else values[drawn].sum(axis=1)
    return sums


def _ends(num_units: int, confidence: float) -> tuple[float, float]:
    """Return the quantiles that the interval ends at."""
    from scipy.stats import norm, t

    outside = float(norm.cdf(math.sqrt(num_units / (num_units - 1)) * t.ppf((1 - confidence) / 2, num_units - 1)))
    return outside, 1 - outside
