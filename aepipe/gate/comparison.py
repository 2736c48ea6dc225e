"""Comparison of a run's model with the channel's: by how much its error differs, and what of that chance explains.

Both are measured on the same images, which are drawn anew (`aepipe.evaluation.bootstrap`): another test set would have
given another difference. So would another seed of the training, which no number of images tells: each draw has that,
too, by how much models differ that differ by nothing else.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe.evaluation.bootstrap import bootstrap_interval
from aepipe.evaluation.intervals import CONFIDENCE, Interval
from aepipe.evaluation.seeds import SeedSpread
from aepipe.gate.settings import PublishSettings
from aepipe.notation import counted

# What is told of two models: nothing where there are too few images to tell anything.
Shown = Literal["better", "worse", "no difference", "nothing"]

CONCLUSIONS: Mapping[Shown, str] = {
    "better": "shown to be better",
    "worse": "shown to be worse",
    "no difference": "no difference shown",
    "nothing": "too few images to show a difference",
}


class Comparison(BaseModel):
    """By what share a model's error is above that of the channel's, on the same images."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    difference: float = Field(description="0.013 where it is 1.3% worse.", allow_inf_nan=False)
    interval: Interval | None = Field(
        None, description="Where that lies, with other images and other seeds; None of too few images."
    )
    confidence: float = Field(CONFIDENCE, description="Share of such intervals that hold the true difference.")
    num_images: int = Field(description="On how many images.")
    num_groups: int | None = Field(None, description="In how many groups, which were drawn as such; None of no groups.")
    seed_spread: SeedSpread = Field(description="How much the seed changes such a model's error.")
    behind_best: float = Field(
        0, description="By what share it is worse than the best that the channel has had, as comparisons add up.", ge=0
    )
    is_equal: bool = Field(False, description="Both have the same error on every image.")

    @property
    def shown(self) -> Shown:
        """What is told of the two."""
        if self.interval is None:
            return "nothing"
        if self.interval.low > 0:
            return "worse"
        return "better" if self.interval.high < 0 else "no difference"

    @property
    def conclusion(self) -> str:
        """What is told of the two, in words."""
        return CONCLUSIONS[self.shown]

    @property
    def surely_behind(self) -> float:
        """By what share it is worse than the best at least, as far as the interval tells; 0 where it may be as good."""
        if self.interval is None:
            return 0.0
        before = (1 + self.behind_best) / (1 + self.difference)
        return max(0.0, before * (1 + self.interval.low) - 1)

    def __str__(self) -> str:
        if self.is_equal:
            return f"the same error on every one of {counted(self.num_images, 'image')}"
        said = worse(self.difference)
        on = counted(self.num_images, "image")
        on += f" in {counted(self.num_groups, 'group')}" if self.num_groups is not None else ""
        if self.interval is None:
            return f"{said}, {on}"
        return f"{said}, {self.confidence:.0%} interval {_span(self.interval)}, {on} and {self.seed_spread}"


@dataclass(frozen=True)
class Terms:
    """What two models are compared by.

    Attributes:
        settings: Confidence, number of draws.
        spread: How much the seed changes such a model's error.
        groups: (num_images,) equal where images belong together; None where each is by itself.
        behind: By what share the channel's model is worse than the best that the channel has had.
    """

    settings: PublishSettings
    spread: SeedSpread
    groups: np.ndarray | None = None
    behind: float = 0.0

    def on(self, chosen: np.ndarray) -> "Terms":
        """Return them for some of the first images: those that are chosen, (num_first,) booleans."""
        return self if self.groups is None else replace(self, groups=self.groups[: len(chosen)][chosen])


def compare(candidate: np.ndarray, incumbent: np.ndarray, terms: Terms) -> Comparison | None:
    """Return how two models compare; None where one has no finite error, or the channel's has none at all.

    Args:
        candidate: (num_images,) MSE per pixel of the run's model on each image.
        incumbent: (num_images,) that of the channel's.
        terms: What they are compared by.
    """
    settings, spread, groups = terms.settings, terms.spread, terms.groups
    theirs, ours = float(incumbent.mean()), float(candidate.mean())
    if not math.isfinite(theirs) or not math.isfinite(ours) or theirs <= 0:
        return None
    is_equal = np.array_equal(candidate, incumbent)
    interval = bootstrap_interval(
        candidate,
        groups,
        reference=incumbent,
        # Two models each have a seed. Of one and the same it changes nothing.
        spread=0.0 if is_equal else math.sqrt(2) * spread.share,
        freedom=spread.freedom,
        confidence=settings.confidence,
        num_resamples=settings.resamples,
    )
    difference = ours / theirs - 1
    return Comparison(
        difference=difference,
        interval=interval,
        confidence=settings.confidence,
        num_images=len(candidate),
        num_groups=None if groups is None else len(np.unique(groups)),
        seed_spread=spread,
        behind_best=max(0.0, (1 + terms.behind) * (1 + difference) - 1),
        is_equal=is_equal,
    )


def worse(difference: float) -> str:
    """Return a relative difference in words: 1.3% worse, 0.4% better."""
    return f"{abs(difference):.1%} {'worse' if difference >= 0 else 'better'}"


def _span(interval: Interval) -> str:
    if (interval.low < 0) != (interval.high < 0):
        return f"{worse(interval.low)} to {worse(interval.high)}"
    near, far = sorted((interval.low, interval.high), key=abs)
    return f"{abs(near):.1%} to {worse(far)}"
