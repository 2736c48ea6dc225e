"""Drift: how far new values are from those of a reference, and how likely chance alone comes to as much.

One column of numbers is compared by the population stability index (PSI) or by the Kolmogorov-Smirnov distance, whose
p-value holds with few numbers, too; codes by the maximum mean discrepancy (MMD). All are larger than 0 for any two
samples, the more so the smaller they are; so each comes with a p-value. That alone says too little: thousands of images
tell apart what nobody would call different. Where it is asked for both, a drift is neither chance nor too small to
matter.
"""

from dataclasses import dataclass

import numpy as np

MAX_BINS = 10
MIN_IN_BIN = 5
NUM_PERMUTATIONS = 1999
# So many permutations at a time, of memory: 2,000 codes have a matrix of 32 MB.
PERMUTATIONS_AT_ONCE = 250


@dataclass(frozen=True)
class Drift:
    """How far two samples are apart.

    Attributes:
        size: The index, the distance or the discrepancy.
        p_value: How often chance comes to at least this much where both are drawn from one distribution.
    """

    size: float
    p_value: float


def stability_index(reference: np.ndarray, new: np.ndarray) -> Drift:
    """Return the population stability index of new numbers, in bins that are quantiles of the reference.

    There are up to 10 bins, fewer where either sample would have less than 5 values in one. Half a value is added to
    each bin, so that an empty one is no infinity. The p-value is that of chi-square: times 1/n + 1/m, where n and m
    are the samples' sizes, it is the distribution of the index where nothing has changed (Yurdakul and Naranjo,
    Statistical properties of the population stability index, Journal of Risk Model Validation 14(4), 2020).

    Args:
        reference: (m,) numbers.
        new: (n,) numbers.
    """
    from scipy.stats import chi2

    num_bins = int(np.clip(min(len(reference), len(new)) // MIN_IN_BIN, 2, MAX_BINS))
    edges = _edges(np.quantile(reference, np.arange(1, num_bins) / num_bins))
    before, now = (_shares(values, edges) for values in (reference, new))
    index = float(((now - before) * np.log(now / before)).sum())
    spread = 1 / len(reference) + 1 / len(new)
    return Drift(index, float(chi2.sf(index / spread, len(edges))))


def largest_distance(reference: np.ndarray, new: np.ndarray) -> Drift:
    """Return the Kolmogorov-Smirnov distance of new numbers: the largest difference of two shares, those of the
    reference and of the new numbers that are under one value.

    The p-value is exact up to 10,000 numbers, however few they are.

    Args:
        reference: (m,) numbers.
        new: (n,) numbers.
    """
    from scipy.stats import ks_2samp

    found = ks_2samp(new, reference)
    return Drift(float(found.statistic), float(found.pvalue))


def mean_discrepancy(
    reference: np.ndarray, new: np.ndarray, seed: int = 0, num_permutations: int = NUM_PERMUTATIONS
) -> Drift:
    """Return the squared maximum mean discrepancy of new codes, with a p-value by permutations.

    The kernel is Gaussian; its width is the median distance of two codes. The estimate is the unbiased one, so it may
    be below 0 (Gretton et al., A kernel two-sample test, JMLR 13, 2012).

    Args:
        reference: (m, code_size).
        new: (n, code_size).
        seed: What the permutations depend on.
        num_permutations: The smallest p-value is 1 of so many and one.
    """
    from sklearn.metrics.pairwise import euclidean_distances, rbf_kernel

    codes = np.concatenate([reference, new]).astype(np.float64)
    distances = euclidean_distances(codes, squared=True)[np.triu_indices(len(codes), 1)]
    # Where most codes are equal the mean stands in; where all are, any width does.
    width = np.median(distances) or distances.mean() or 1.0
    kernel = rbf_kernel(codes, gamma=1 / width)
    generator = np.random.default_rng(seed)
    (observed,) = _discrepancies(kernel, np.arange(len(codes))[None, : len(reference)])
    as_large = 0
    for start in range(0, num_permutations, PERMUTATIONS_AT_ONCE):
        count = min(PERMUTATIONS_AT_ONCE, num_permutations - start)
        order = generator.permuted(np.tile(np.arange(len(codes)), (count, 1)), axis=1)
        as_large += int((_discrepancies(kernel, order[:, : len(reference)]) >= observed).sum())
    return Drift(float(observed), (1 + as_large) / (1 + num_permutations))


def _edges(quantiles: np.ndarray) -> np.ndarray:
    """Return where bins begin; a value that is several quantiles has a bin of its own."""
    values, counts = np.unique(quantiles, return_counts=True)
    return np.union1d(values, np.nextafter(values[counts > 1], np.inf))


def _shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1) + 0.5
    shares: np.ndarray = counts / counts.sum()
    return shares


def _discrepancies(kernel: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return the discrepancy of the rows that each line of `members` names from all other rows."""
    num_all, num_in = len(kernel), members.shape[1]
    num_out = num_all - num_in
    is_in = np.zeros((len(members), num_all))
    np.put_along_axis(is_in, members, 1.0, axis=1)
    inside = ((is_in @ kernel) * is_in).sum(axis=1)
    between = is_in @ kernel.sum(axis=1) - inside
    outside = kernel.sum() - inside - 2 * between
    # Without each code's likeness to itself.
    within = (inside - num_in) / (num_in * (num_in - 1)) + (outside - num_out) / (num_out * (num_out - 1))
    found: np.ndarray = within - 2 * between / (num_in * num_out)
    return found
