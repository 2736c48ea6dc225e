"""Intervals: between which two numbers a figure lies, as far as a limited number of held-out images can tell."""

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

# Share of such intervals that hold what they are of; every held-out error is stated with this one.
CONFIDENCE = 0.95
# How often images are drawn anew for one.
RESAMPLES = 2000

Bound = Annotated[float, Field(allow_inf_nan=False)]


class Interval(BaseModel):
    """Two numbers that a figure lies between."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: Bound = Field(description="The lower one.")
    high: Bound = Field(description="The upper one.")

    @model_validator(mode="after")
    def _is_in_order(self) -> "Interval":
        if self.low > self.high:
            raise ValueError(f"an interval begins at its lower end: {self.low} to {self.high}")
        return self

    def mapped(self, change: Callable[[float], float]) -> "Interval":
        """Return the interval of what a rising or falling function makes of the figure."""
        low, high = sorted((change(self.low), change(self.high)))
        return Interval(low=low, high=high)
