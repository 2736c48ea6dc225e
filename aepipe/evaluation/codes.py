"""What a model's codes are like. Codes are (num_images, code_size)."""

import numpy as np

# A value counts as zero below this share of the largest one.
ZERO_SHARE = 0.01
DEAD_DEVIATION = 1e-6


def code_statistics(codes: np.ndarray) -> dict[str, float]:
    """Return the mean and deviation of all code values, their sparsity, and the share of dead units.

    Sparsity is the share of values under 1% of the largest one in size; a dead unit is the same for all images.
    """
    codes = np.asarray(codes, np.float64)
    largest = np.abs(codes).max()
    return {
        "code_mean": float(codes.mean()),
        "code_standard_deviation": float(codes.std(axis=0).mean()),
        "code_sparsity": float(np.mean(np.abs(codes) <= ZERO_SHARE * largest)),
        "code_dead_share": float(np.mean(codes.std(axis=0) <= DEAD_DEVIATION * max(largest, 1e-12))),
    }


def map_codes(codes: np.ndarray, seed: int) -> np.ndarray:
    """Return codes in two dimensions by t-SNE, (num_images, 2); neighbours stay neighbours, distances mean little.

    A collapsed code, which is the same for all images, gives one point.
    """
    # Here, because it takes a second.
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    codes = np.asarray(codes, np.float64)
    if not np.ptp(codes, axis=0).any():
        return np.zeros((len(codes), 2))
    if codes.shape[1] == 1:
        # t-SNE starts from the first two principal components.
        codes = np.hstack([codes, np.zeros_like(codes)])
    perplexity = min(30.0, max(1.0, (len(codes) - 1) / 3))
    # Its threads wait for each other by spinning: on a busy machine two are ten times slower than one.
    with threadpool_limits(1):
        return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(codes)
