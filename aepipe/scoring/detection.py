"""Detection: how well a score tells anomalous pictures from normal ones. Larger scores are less like the training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aepipe.arrays import Float64
from aepipe.scoring.choosing import auroc
from aepipe.scoring.conformal import DEFAULT_RATE, measure_rates


@dataclass(frozen=True)
class Detection:
    """What a score comes to on held-out normal and anomalous pictures.

    Attributes:
        auroc: Share of pairs of a normal and an anomalous picture that it orders rightly.
        average_precision: Mean precision over the anomalous pictures, in the order of their scores.
        f1: Harmonic mean of precision and recall of the verdicts, of which none is by the picture itself.
        best_f1: That of the best threshold there is, which only these pictures tell.
        false_alarm_rate: Share of normal pictures that are called anomalous.
        miss_rate: Share of anomalous pictures that are called normal.
    """

    auroc: float
    average_precision: float
    f1: float
    best_f1: float
    false_alarm_rate: float
    miss_rate: float


def roc(normal: np.ndarray, anomalous: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of normal and of anomalous pictures above each threshold, the highest first."""
    # Here, because it takes a second.
    from sklearn.metrics import roc_curve

    truth = np.repeat([0, 1], [len(normal), len(anomalous)])
    false, true, _ = roc_curve(truth, np.concatenate([normal, anomalous]))
    return false, true


def measure_detection(
    digests: Sequence[bytes] | np.ndarray,
    normal: Float64[np.ndarray, " num_normal"],
    anomalous: Float64[np.ndarray, " num_anomalous"],
    rate: float = DEFAULT_RATE,
) -> Detection:
    """Return what a score comes to.

    Args:
        digests: (num_normal,) of the normal pictures: each half of them is judged by the other's scores.
        normal: Scores of held-out normal pictures, at least one.
        anomalous: Scores of anomalous ones, at least one.
        rate: The false alarm rate of the verdicts.
    """
    # Here, because it takes a second, and most sets have nothing that is not normal.
    from sklearn.metrics import average_precision_score, precision_recall_curve

    truth = np.repeat([0, 1], [len(normal), len(anomalous)])
    scores = np.concatenate([normal, anomalous])
    precision, recall, _ = precision_recall_curve(truth, scores)
    rates = measure_rates(digests, normal, anomalous, rate)
    miss_rate = 1.0 if rates.miss is None else rates.miss
    found = (1 - miss_rate) * len(anomalous)
    wrong = rates.false_alarm * len(normal) + miss_rate * len(anomalous)
    return Detection(
        auroc=auroc(normal, anomalous),
        average_precision=float(average_precision_score(truth, scores)),
        f1=2 * found / (2 * found + wrong),
        best_f1=float((2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)).max()),
        false_alarm_rate=rates.false_alarm,
        miss_rate=miss_rate,
    )
