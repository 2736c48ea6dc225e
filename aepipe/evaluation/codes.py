"""Measures of a model's codes. Codes are (num_images, code_size)."""

import warnings

import numpy as np

from aepipe.splits import evenly_spaced

DEAD_DEVIATION = 1e-6
MAX_SILHOUETTE_IMAGES, MAX_PROBE_STEPS = 2000, 300
MAX_NEIGHBOUR_IMAGES, NUM_NEIGHBOURS = 2000, 10
# Half of scikit-learn's, in a little more than half the time; 364 to 5,000 digits lose .002 of trustworthiness at most.
TSNE_ITERATIONS = 500


def code_statistics(codes: np.ndarray) -> dict[str, float]:
    """Return the mean and deviation of all code values, the share of zeros among them, and that of dead units.

    Zeros are exact ones: small values are not what makes a code sparse. A dead unit is the same for all images.
    """
    codes = np.asarray(codes, np.float64)
    largest = np.abs(codes).max()
    return {
        "code_mean": float(codes.mean()),
        "code_standard_deviation": float(codes.std(axis=0).mean()),
        "code_zero_share": float(np.mean(codes == 0)),
        "code_dead_share": float(np.mean(codes.std(axis=0) <= DEAD_DEVIATION * max(largest, 1e-12))),
    }


def silhouette(codes: np.ndarray, labels: np.ndarray) -> float | None:
    """Return how well the classes are apart: 1 where each image is among its own class, 0 where they are mixed.

    Rousseeuw, 1987; on at most 2,000 evenly spaced images. None where there are not at least two classes, one of them
    of several images.
    """
    from sklearn.metrics import silhouette_score

    chosen = evenly_spaced(len(codes), MAX_SILHOUETTE_IMAGES)
    codes, labels = np.asarray(codes, np.float64)[chosen], labels[chosen]
    if not 2 <= len(np.unique(labels)) < len(labels):
        return None
    return float(silhouette_score(codes, labels))


def probe_accuracy(
    train_codes: np.ndarray, train_labels: np.ndarray, test_codes: np.ndarray, test_labels: np.ndarray
) -> float | None:
    """Return the share of test images whose class a linear classifier reads off the code (Alain and Bengio, 2016).

    None where there is one class only, a class that was not trained on, or no code.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    is_readable = len(np.unique(train_labels)) >= 2 and np.isin(test_labels, train_labels).all()
    # PCA of equal images has no component.
    if not is_readable or not train_codes.shape[1]:
        return None
    # The regularisation keeps few images of many classes apart; its steps end before they are perfect.
    classifier = LogisticRegression(C=0.1, max_iter=MAX_PROBE_STEPS, tol=1e-3)
    probe = make_pipeline(StandardScaler(), classifier)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(probe.fit(train_codes, train_labels).score(test_codes, test_labels))


def neighbour_share(codes: np.ndarray, labels: np.ndarray) -> float | None:
    """Return the share of an image's 10 nearest codes that are of its class: what a search by codes finds.

    Of at most 2,000 evenly spaced images, among themselves. None where there is one class, or no code or too few.
    """
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits

    chosen = evenly_spaced(len(codes), MAX_NEIGHBOUR_IMAGES)
    codes, labels = np.asarray(codes, np.float64)[chosen], labels[chosen]
    if len(chosen) <= NUM_NEIGHBOURS or len(np.unique(labels)) < 2 or not codes.shape[1]:
        return None
    with threadpool_limits(1):
        # Without points of its own it leaves each out of its neighbours.
        rows = NearestNeighbors(n_neighbors=NUM_NEIGHBOURS).fit(codes).kneighbors(return_distance=False)
    return float(np.mean(labels[rows] == labels[:, np.newaxis]))


def principal_map(codes: np.ndarray) -> np.ndarray:
    """Return codes along their two principal axes, (num_images, 2); distances mean what they mean in the code."""
    centred = np.asarray(codes, np.float64) - np.mean(codes, axis=0, dtype=np.float64)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    places = left[:, :2] * sizes[:2]
    return np.pad(places, ((0, 0), (0, 2 - places.shape[1])))


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
        return TSNE(perplexity=perplexity, init="pca", max_iter=TSNE_ITERATIONS, random_state=seed).fit_transform(codes)
