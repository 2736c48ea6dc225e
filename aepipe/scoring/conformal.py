"""Conformal p-values: what share of held-out normal pictures is at least as strange, and what follows for alarms.

A picture like those of the calibration has a p-value of at most `rate` with a probability of at most `rate`, whatever
the scores' distribution (Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005). Nothing is
promised of pictures that are not like them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aepipe.arrays import Float64
from aepipe.errors import ParameterError

DEFAULT_RATE = 0.01
# Against rounding of a product such as 0.07 * 100.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Promise:
    """What can be said of false alarms.

    Attributes:
        asked: The rate that was asked for.
        rate: The one that alarms are raised by: the same, or the lowest that so few calibration pictures can promise.
        num_pictures: How many those are.
    """

    asked: float
    rate: float
    num_pictures: int

    @property
    def is_kept(self) -> bool:
        """Whether the rate that was asked for can be promised."""
        return self.rate <= self.asked

    @property
    def sentence(self) -> str:
        """What a person should know of it."""
        if self.is_kept:
            return (
                f"Of pictures like the {self.num_pictures:,} of the calibration at most {self.asked:.3g} are called "
                "anomalous."
            )
        needed = int(np.ceil(1 / self.asked - ROUNDING)) - 1
        return (
            f"A false alarm rate of {self.asked:.3g} can't be promised: that takes {needed:,} calibration pictures, "
            f"and there are {self.num_pictures:,}. What is beyond all of them is called anomalous, which is a rate of "
            f"{self.rate:.3g}."
        )


def make_promise(num_pictures: int, rate: float) -> Promise:
    """Return what so many calibration pictures can promise where this rate is asked for.

    Raises:
        ParameterError: the rate is not between 0 and 1.
    """
    if not 0 < rate < 1:
        raise ParameterError(
            "A false alarm rate lies between 0 and 1, both left out.",
            "Take 0.01 for one false alarm in a hundred normal pictures.",
            false_alarm_rate=rate,
        )
    return Promise(asked=rate, rate=max(rate, 1 / (1 + num_pictures)), num_pictures=num_pictures)


def p_values(
    calibration: Float64[np.ndarray, " num_calibration"], values: Float64[np.ndarray, " num_images"]
) -> Float64[np.ndarray, " num_images"]:
    """Return (1 + number of calibration scores at least as large) / (1 + number of them), for each value."""
    ordered = np.sort(calibration)
    at_least_as_large = len(ordered) - np.searchsorted(ordered, values, side="left")
    return (1 + at_least_as_large) / (1 + len(ordered))


def threshold(calibration: Float64[np.ndarray, " num_calibration"], rate: float) -> float:
    """Return the score above which a picture's p-value is at most the rate that can be promised."""
    ordered = np.sort(calibration)
    num_above = int(make_promise(len(ordered), rate).rate * (1 + len(ordered)) + ROUNDING) - 1
    return float(ordered[len(ordered) - 1 - num_above]) if num_above < len(ordered) else -np.inf


def is_anomalous(p: Float64[np.ndarray, " num_images"], promise: Promise) -> np.ndarray:
    """Return, for each p-value, whether its picture is called anomalous."""
    return p <= promise.rate * (1 + ROUNDING)


@dataclass(frozen=True)
class Rates:
    """How often the verdict was wrong.

    Attributes:
        false_alarm: Share of normal pictures that were called anomalous.
        miss: Share of anomalous pictures that were called normal; None where there were none.
    """

    false_alarm: float
    miss: float | None


def measure_rates(
    digests: Sequence[bytes] | np.ndarray,
    normal: Float64[np.ndarray, " num_normal"],
    anomalous: Float64[np.ndarray, " num_anomalous"],
    rate: float = DEFAULT_RATE,
) -> Rates:
    """Return how often verdicts at a rate are wrong, where no picture is judged by itself.

    The normal pictures fall into halves by their digests, and each half is judged by the other's scores. A copy is in
    its original's half.

    Args:
        digests: Of the normal pictures.
        normal: Their scores.
        anomalous: The scores of anomalous pictures, which all normal ones judge.
        rate: The false alarm rate that is asked for.
    """
    half = np.array([digest[-1] & 1 for digest in digests], bool)
    if half.all() or not half.any():
        # Two or three pictures: each by the others.
        half = np.arange(len(normal)) % 2 == 1
    alarms = [_alarms(normal[~part], normal[part], rate) for part in (half, ~half)]
    false_alarm = float(np.concatenate(alarms).mean())
    miss = None if not len(anomalous) else float(1 - _alarms(normal, anomalous, rate).mean())
    return Rates(false_alarm, miss)


def _alarms(calibration: np.ndarray, values: np.ndarray, rate: float) -> np.ndarray:
    return is_anomalous(p_values(calibration, values), make_promise(len(calibration), rate))
