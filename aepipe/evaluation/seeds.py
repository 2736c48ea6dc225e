"""Seeds: how much the error of a model changes with the seed of its training, by nothing else."""

import math
import statistics
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

# Of fewer the estimate says next to nothing.
MIN_SEEDS = 3


class SeedSpread(BaseModel):
    """How much the error of models differs that are alike but for their seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(description="Relative standard deviation of the error.", ge=0, allow_inf_nan=False)
    num_seeds: int | None = Field(
        None, description="Of how many seeds of a sweep; None where it was chosen.", ge=MIN_SEEDS
    )

    @classmethod
    def of(cls, errors: Sequence[float]) -> "SeedSpread | None":
        """Return what the errors of trainings tell that differ by their seed; None of too few, or of no error."""
        if len(errors) < MIN_SEEDS or not statistics.fmean(errors) > 0:
            return None
        return cls(share=statistics.stdev(errors) / statistics.fmean(errors), num_seeds=len(errors))

    @property
    def freedom(self) -> float:
        """Degrees of freedom that it was estimated with."""
        return math.inf if self.num_seeds is None else self.num_seeds - 1

    def __str__(self) -> str:
        source = "" if self.num_seeds is None else f", as {self.num_seeds} of a sweep did"
        return f"seeds that change an error by {self.share:.1%}{source}"
