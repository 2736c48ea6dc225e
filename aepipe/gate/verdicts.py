"""Verdicts: the gate's decision about each model of a run."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aepipe.gate.comparison import Comparison
from aepipe.recipes.naming import as_recipe


class RuleResult(BaseModel):
    """One rule of the gate, applied to one model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str = Field(description="What must hold.")
    passed: bool = Field(description="Whether it holds.")
    demanded: bool = Field(True, description="Whether the model is held back where it does not hold.")
    figures: dict[str, float | None] = Field({}, description="The numbers it was decided by.")


class Verdict(BaseModel):
    """The gate's decision about one recipe: promoted, first (nothing to compare with), held, or failed before it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str = Field(description="The recipe's name.")
    model: str = Field(default_factory=as_recipe, description="What the model is called.")
    verdict: Literal["promoted", "first", "held", "failed"] = Field(description="What was decided.")
    rules: tuple[RuleResult, ...] = Field((), description="Every rule, with its figures.")
    comparison: Comparison | None = Field(
        None,
        description="How it compares with the channel's model; None where there was none, or nothing to compare on.",
    )
    reason: str = Field(description="Why, in one sentence.")

    @property
    def passes(self) -> bool:
        """Whether the new model is what the channel shall have."""
        return self.verdict in ("promoted", "first")
