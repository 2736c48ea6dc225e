"""Spaces that a search tries: numbers in ranges, and lists of values."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

from aepipe.choices import Choices, choices_like, dotted_names, field_of, is_number, nested
from aepipe.errors import ParameterError
from aepipe.experiments.sweep import SweepValues
from aepipe.recipes.changes import check_changes
from aepipe.recipes.overrides import Overrides
from aepipe.stages.request import TrainingRequest

# Codes of different sizes are not compared, nor what is left of different noise; how long a candidate trains is the
# rungs' business, and on what hardware nobody's.
NOT_TRIED = ("code_size", "corruption", "seed", "epochs", "max_steps", "time_limit_minutes", "stop_at_mse", "devices")
CHOICES = tuple(name for name in dotted_names(Overrides) if name.partition(".")[0] not in NOT_TRIED)
NUMBERS = tuple(name for name in CHOICES if is_number(field_of(Overrides, name)))


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

    def has(self, value: float) -> bool:
        """Tell whether a value is in it."""
        return self.low <= value <= self.high


def _range_of(name: str, field: FieldInfo) -> tuple[Any, Any] | None:
    if name not in NUMBERS:
        return None
    return Range | None, Field(None, title=field.title, description=f"Range to try. {field.description}")


@choices_like(Overrides, _range_of)
class SearchRanges(Choices):
    """Numbers to try anywhere in a range."""


def check_space(ranges: SearchRanges, values: SweepValues, request: TrainingRequest) -> None:
    """Check that there is something to try, and nothing twice, and that it is of this request's recipe.

    Raises:
        ParameterError: there is nothing, a name has a range and a list, results with it could not be compared, or the
            recipe's architecture has no such option.
    """
    in_ranges, in_lists = set(ranges.by_dotted_name()), set(values.by_dotted_name())
    wrong = (in_ranges & in_lists) | (in_lists - set(CHOICES))
    if wrong or not in_ranges | in_lists:
        raise ParameterError(
            f"A search tries at least one of {', '.join(CHOICES)}, each from a range or from a list.",
            names=sorted(wrong),
        )
    first = {name: span.low for name, span in ranges.by_dotted_name().items()}
    first |= {name: listed[0] for name, listed in values.by_dotted_name().items()}
    changed = request.overrides.replaced_by(Overrides(**nested(first)))
    check_changes(request.definition.variant(request.setting), changed)
