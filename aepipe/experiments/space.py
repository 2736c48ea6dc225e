"""Spaces that a search tries: numbers in ranges, and lists of values."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from aepipe.errors import ParameterError
from aepipe.experiments.sweep import SweepValues
from aepipe.recipes.plan import Overrides

# Codes of different sizes are not compared, and how long a candidate trains is the rungs' business.
NUMBERS = ("learning_rate", "batch_size", "warm_up_share", "weight_decay", "gradient_clip_norm")
CHOICES = (*NUMBERS, "schedule", "precision")


class Range(BaseModel):
    """From which to which value a number is tried."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float = Field(title="From", description="The smallest value.")
    high: float = Field(title="To", description="The largest value.")
    log: bool = Field(True, title="Logarithmic", description="As many values below the geometric mean as above.")

    @model_validator(mode="after")
    def _is_a_range(self) -> "Range":
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError("A range goes up, and a logarithmic one starts above 0")
        return self


class _Ranges(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def chosen(self) -> dict[str, Range]:
        """Return the ranges that were set, by name."""
        return {name: value for name, value in self if value is not None}


_FIELDS: dict[str, Any] = {
    name: (Range | None, Field(None, title=field.title, description=f"Range to try. {field.description}"))
    for name, field in Overrides.model_fields.items()
    if name in NUMBERS
}
SearchRanges = create_model("SearchRanges", __base__=_Ranges, __doc__="Numbers to try anywhere in a range.", **_FIELDS)


def check_space(ranges: SearchRanges, values: SweepValues) -> None:
    """Check that there is something to try, and nothing twice.

    Raises:
        ParameterError: there is nothing, a name has a range and a list, or results with it could not be compared.
    """
    in_ranges, in_lists = set(ranges.chosen()), set(values.chosen())
    wrong = (in_ranges & in_lists) | (in_lists - set(CHOICES))
    if wrong or not in_ranges | in_lists:
        raise ParameterError(
            f"A search tries at least one of {', '.join(CHOICES)}, each from a range or from a list.",
            names=sorted(wrong),
        )
