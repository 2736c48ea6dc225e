"""Spec of a model's scores, as scoring.json in a release has it: which one was chosen and why, and what they need."""

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe.arrays import Float64

NUM_NEIGHBOURS = 5
ScoreName = Literal["mse", "local", "neighbours", "combined"]
# Under this a score is rounding, and its logarithm says nothing.
MIN_SCORE = 1e-12
# Of logarithms: scores that are all but equal on the few pictures that decide would make others of any that differs.
MIN_DEVIATION = 0.05


class Scale(BaseModel):
    """What is usual for the logarithm of a score: its place and its width on pictures that did not train."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float = Field(description="Mean of the logarithms.")
    deviation: float = Field(gt=0, description="Their standard deviation.")

    @classmethod
    def of(cls, values: Float64[np.ndarray, " num_images"]) -> "Scale":
        """Return what is usual for these scores."""
        logs = _logs(values)
        return cls(mean=float(logs.mean()), deviation=max(float(logs.std()), MIN_DEVIATION))

    def surprise(self, values: Float64[np.ndarray, " num_images"]) -> Float64[np.ndarray, " num_images"]:
        """Return -log of how probable a score at least so large is, of scores whose logarithms are normal."""
        # Here, because whoever reads a spec does without SciPy.
        from scipy.special import log_ndtr

        return -log_ndtr((self.mean - _logs(values)) / self.deviation)


class ScoreSettings(BaseModel):
    """How scores are computed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    smoothing_sigma: float = Field(gt=0, lt=math.inf, description="Of the residual's Gaussian, in the model's pixels.")
    num_neighbours: int = Field(NUM_NEIGHBOURS, ge=1, description="How many of the nearest training codes count.")


class ScoringSpec(BaseModel):
    """How a model's scores are computed, and which of them is its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    score: ScoreName = Field(description="The one that verdicts are by where nobody names another.")
    why: str = Field(description="Why that one, in a sentence.")
    settings: ScoreSettings = Field(description="How the scores are computed.")
    scales: Mapping[ScoreName, Scale] = Field(description="What is usual for each score that is combined.")
    made_auroc: Mapping[ScoreName, Mapping[str, float]] = Field(
        description="How well each score tells made anomalies of the validation part from it, by kind of anomaly."
    )


def _logs(values: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(values, MIN_SCORE))
