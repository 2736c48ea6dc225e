"""Settings of publishing."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aepipe.evaluation.intervals import CONFIDENCE, RESAMPLES
from aepipe.releases.channels import DEMONSTRATION, PRODUCTION


class PublishSettings(BaseModel):
    """Where a run's models are promoted to, and what the gate demands of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str | None = Field(
        None,
        pattern="^[a-z0-9-]+$",
        max_length=64,
        description="Channel of the recipes that pass the gate; production, or demonstration for preset quick.",
    )
    demand_baselines: bool | None = Field(
        None,
        description="Recipes must beat the strongest baseline, denoisers the linear map; by default tuned ones of "
        "preset full must.",
    )
    regression_tolerance: float = Field(
        0.02,
        ge=0,
        le=1,
        description="By what share a recipe's error may be over that of the channel's model, also where that is shown; "
        "over the best that the channel has had, where steps too small to be shown add up.",
    )
    no_difference: Literal["promote", "keep"] = Field(
        "promote",
        description="Which model the channel has where held-out images show no difference of the two: the new one, or "
        "its own.",
    )
    confidence: float = Field(
        CONFIDENCE, ge=0.5, lt=1, description="Share of the intervals of a difference that hold the true one."
    )
    resamples: int = Field(
        RESAMPLES, ge=200, le=100_000, description="How often held-out images are drawn anew for an interval."
    )
    seed_spread: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Relative standard deviation of the error between seeds; by default that of a sweep over seeds in "
        "the store, or 0.015 of a tuned setting as it is on its own data, or 0.03.",
    )
    reload_tolerance: float = Field(
        1e-4, ge=0, le=0.1, description="By what share the error of the published bytes may differ from the measured."
    )
    demand_auroc: float | None = Field(
        None,
        gt=0,
        le=1,
        description="AUROC that recipes must reach on held-out images that are not normal; without such images they "
        "are held back.",
    )
    verify: Literal["head", "full"] = Field(
        "head", description="head compares every file's size after the upload, full reads all of them back."
    )
    allow_unsafe_pointer: bool = Field(
        False, description="Publish to a server that does not enforce conditions: the last of several writers wins."
    )

    def channel_for(self, preset: str) -> str:
        """Return the channel that a run of this preset promotes to."""
        return self.channel or (PRODUCTION if preset == "full" else DEMONSTRATION)
