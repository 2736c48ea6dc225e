"""Watching: whether the pictures that a run scored are still like those that the model's release was judged by.

Compared are scores, codes, and what the pictures look like. That several measures are looked at makes chance likelier
to be over in one of them, so each p-value is multiplied by their number (Bonferroni).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe.checks.drift import Drift, largest_distance, mean_discrepancy
from aepipe.checks.watched import QUANTILES, DriftFact, Spread, Watched
from aepipe.inference.observation import CODES
from aepipe.notation import counted, fixed

# The permutations need a matrix of all pairs; that many, as p-values are multiplied by the number of measures.
MAX_CODES, NUM_PERMUTATIONS, SEED = 200, 9999, 0


class WatchSettings(BaseModel):
    """Limits beyond which people are told of a scoring run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    false_alarms: float = Field(
        0.001,
        ge=0.001,
        le=0.5,
        title="False alarms",
        description="Alarms and drift are over where chance alone comes to as much at most this often.",
    )
    most_drift: float = Field(
        0.2,
        ge=0,
        le=1,
        title="Most drift",
        description="Largest Kolmogorov-Smirnov distance of scores, brightness, contrast and sharpness.",
    )
    most_code_drift: float = Field(
        0.05, ge=0, le=2, title="Most code drift", description="Largest squared maximum mean discrepancy of the codes."
    )
    min_pictures: int = Field(
        20, ge=5, title="Least pictures", description="With fewer pictures drift is not looked for."
    )


@dataclass(frozen=True)
class Sampled:
    """Pictures as they are compared.

    Attributes:
        scores: By the score's name, (num_pictures,): of all pictures.
        columns: By name, measures of a sample of them, (num_sampled,), and their codes, (num_sampled, code_size).
    """

    scores: Mapping[str, np.ndarray]
    columns: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Verdicts:
    """What a run's pictures were said to be.

    Attributes:
        num_pictures: How many were scored.
        num_unreadable: How many could not be read.
        num_alarms: How many are anomalous.
        rate: The false-alarm rate that is promised.
    """

    num_pictures: int
    num_unreadable: int
    num_alarms: int
    rate: float


def watch(verdicts: Verdicts, new: Sampled, reference: Sampled, settings: WatchSettings) -> Watched:
    """Compare a run's pictures with the held-out ones of the model's release.

    Args:
        verdicts: What the pictures were said to be.
        new: The run's pictures.
        reference: The release's; a measure that it lacks is one that can't be told.
        settings: The limits.
    """
    num_reference = max((len(column) for column in reference.scores.values()), default=0)
    chance = chance_of_alarms(verdicts, num_reference)
    is_over = chance <= settings.false_alarms
    return Watched(
        num_pictures=verdicts.num_pictures,
        num_unreadable=verdicts.num_unreadable,
        num_alarms=verdicts.num_alarms,
        num_reference=num_reference,
        rate=verdicts.rate,
        alarm_p_value=chance,
        false_alarms=settings.false_alarms,
        # A handful of pictures without an alarm says nothing.
        has_too_many_alarms=None if not is_over and verdicts.num_pictures < settings.min_pictures else is_over,
        spreads=_spreads(new.scores, reference.scores),
        drift=tuple(_drift(new, reference, settings)),
    )


def chance_of_alarms(verdicts: Verdicts, num_reference: int) -> float:
    """Return how often normal pictures alone bring at least so many alarms.

    The threshold is one of the held-out scores, so how often it is passed is itself a matter of chance, the more so the
    fewer there are: the number of alarms has a beta-binomial distribution, whatever that of the scores is (Vovk,
    Conditional validity of inductive conformal predictors, ACML 2012).
    """
    from scipy.stats import betabinom

    if not verdicts.num_alarms:
        return 1.0
    num_beyond = max(1, int(verdicts.rate * (num_reference + 1) + 1e-9))
    counts = np.arange(verdicts.num_alarms, verdicts.num_pictures + 1)
    at_least = betabinom.pmf(counts, verdicts.num_pictures, num_beyond, num_reference + 1 - num_beyond).sum()
    return float(min(1.0, at_least))


def _spreads(new: Mapping[str, np.ndarray], reference: Mapping[str, np.ndarray]) -> dict[str, Spread]:
    def quantiles(values: np.ndarray) -> tuple[float, float, float]:
        low, median, high = np.quantile(values, QUANTILES).tolist()
        return low, median, high

    return {
        name: Spread(new=quantiles(values), reference=quantiles(reference[name]))
        for name, values in new.items()
        if len(values) and len(reference.get(name, ()))
    }


def _drift(new: Sampled, reference: Sampled, settings: WatchSettings) -> Iterator[DriftFact]:
    """Yield every measure of the new pictures against the release's."""
    after, before = ({**each.scores, **each.columns} for each in (new, reference))
    reasons = {name: _why_untold(values, before.get(name), settings.min_pictures) for name, values in after.items()}
    num_measures = sum(reason is None for reason in reasons.values())
    for name, reason in reasons.items():
        limit = settings.most_code_drift if name == CODES else settings.most_drift
        if reason is not None:
            yield DriftFact(name=name, limit=limit, says=reason)
            continue
        drift, says = _compare(name, before[name], after[name])
        p_value = min(1.0, drift.p_value * num_measures)
        is_over = drift.size > limit and p_value <= settings.false_alarms
        yield DriftFact(name=name, size=drift.size, limit=limit, p_value=p_value, is_over=is_over, says=says)


def _why_untold(new: np.ndarray, reference: np.ndarray | None, min_pictures: int) -> str | None:
    if reference is None:
        return "the release does not say it of its held-out pictures"
    for count, which in ((len(new), "of this run"), (len(reference), "of the release")):
        if count < min_pictures:
            return f"{counted(count, 'picture')} {which}, too few to tell: that takes {min_pictures}"
    return None


def _compare(name: str, before: np.ndarray, after: np.ndarray) -> tuple[Drift, str]:
    if name == CODES:
        before, after = before[:MAX_CODES], after[:MAX_CODES]
        says = f"{len(after):,} codes, {len(before):,} of the release, permutations of seed {SEED}"
        return mean_discrepancy(before, after, SEED, NUM_PERMUTATIONS), says
    medians = [fixed(float(np.median(values)), 2) for values in (before, after)]
    return largest_distance(before, after), f"median {medians[1]}, of the release {medians[0]}"
