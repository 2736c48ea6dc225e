"""How well scores and residual maps tell what is not normal, beside scikit-learn and a plain computation."""

import numpy as np
import pytest
from scipy.ndimage import label
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from aepipe.scoring.detection import measure_detection, roc
from aepipe.scoring.pixels import MAX_FALSE_SHARE, PixelCounts

RANDOM = np.random.default_rng(0)
NORMAL, ANOMALOUS = RANDOM.normal(0, 1, 400), RANDOM.normal(2, 1, 100)
DIGESTS = np.array([f"{number:032x}".encode() for number in range(400)])
TRUTH, SCORES = np.repeat([0, 1], [400, 100]), np.concatenate([NORMAL, ANOMALOUS])


def test_a_score_comes_to_what_scikit_learn_says():
    found = measure_detection(DIGESTS, NORMAL, ANOMALOUS, 0.05)
    assert found.auroc == pytest.approx(roc_auc_score(TRUTH, SCORES))
    assert found.average_precision == pytest.approx(average_precision_score(TRUTH, SCORES))
    assert found.best_f1 == pytest.approx(max(f1_score(TRUTH, value <= SCORES) for value in SCORES))
    assert 0 < found.f1 <= found.best_f1
    assert found.false_alarm_rate == pytest.approx(0.05, abs=0.04)
    false, true = roc(NORMAL, ANOMALOUS)
    assert np.trapezoid(true, false) == pytest.approx(found.auroc)


def test_perfect_and_useless_scores():
    perfect = measure_detection(DIGESTS, NORMAL, NORMAL + 100)
    assert (perfect.auroc, perfect.average_precision, perfect.best_f1, perfect.miss_rate) == (1, 1, 1, 0)
    constant = measure_detection(DIGESTS, np.zeros(400), np.zeros(100))
    assert (constant.auroc, constant.f1, constant.miss_rate) == (0.5, 0, 1)


@pytest.fixture(scope="module")
def residuals() -> tuple[np.ndarray, np.ndarray]:
    """Maps of 12 pictures, of which 8 have a region that stands out, and 4 of these another one, smaller."""
    masks = np.zeros((12, 32, 32), bool)
    masks[:8, 4:12, 4:12] = masks[:4, 20:23, 20:23] = True
    # A corner that touches is part of the region.
    masks[0, 12, 12] = True
    return np.random.default_rng(1).gamma(1, 1e-3, masks.shape) * (1 + 3 * masks), masks


def test_pixels_counted_in_batches_come_to_what_all_of_them_at_once_do(residuals):
    maps, masks = residuals
    counts = PixelCounts()
    for part in (slice(0, 5), slice(5, 12)):
        counts.add(maps[part], masks[part])
    assert (counts.num_masks, counts.num_regions) == (8, 12)
    assert counts.auroc() == pytest.approx(roc_auc_score(masks.ravel(), maps.ravel()), abs=1e-3)
    assert counts.aupro() == pytest.approx(plain_aupro(maps, masks), abs=2e-3)


def test_residuals_that_show_every_region_and_those_that_show_none():
    masks = np.zeros((2, 16, 16), bool)
    masks[0, :4, :4] = True
    for maps, expected in ((masks.astype(float), 1), (~masks * 1.0, 0)):
        counts = PixelCounts()
        counts.add(maps, masks)
        assert (counts.auroc(), counts.aupro()) == pytest.approx((expected, expected), abs=1e-6)


def plain_aupro(maps: np.ndarray, masks: np.ndarray) -> float:
    """The mean overlap of each region at every threshold, integrated over the share of false pixels."""
    regions = [one[found == number] for one, mask in zip(maps, masks, strict=True) for found, number in _regions(mask)]
    thresholds = np.sort(maps[~masks])[::-1]
    false = np.arange(1, len(thresholds) + 1) / len(thresholds)
    overlap = np.mean([(region[:, None] >= thresholds[None, :]).mean(axis=0) for region in regions], axis=0)
    within = false <= MAX_FALSE_SHARE
    return float(np.trapezoid(overlap[within], false[within]) / MAX_FALSE_SHARE)


def _regions(mask: np.ndarray) -> list[tuple[np.ndarray, int]]:
    found, count = label(mask, np.ones((3, 3), int))
    return [(found, number) for number in range(1, count + 1)]
