"""What a run came to for one recipe."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from aepipe.recipes.plan import TrainingPlan
from aepipe.stages.stage import (
    DataResult,
    EvaluationResult,
    ExportResult,
    NoiseResult,
    SplitResult,
    TrainedResult,
)

# The stages' results in an `Outcome`, in the order in which they are made.
STAGES = ("data", "split", "noisy", "trained", "evaluated", "exported")


class Outcome(BaseModel):
    """One recipe of a run: its results, or why there are none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str = Field(description="The recipe's name.")
    setting: str = Field(description="Which of its settings.")
    plan: TrainingPlan | None = Field(None, description="What was trained.")
    data: DataResult | None = Field(None, description="The images.")
    split: SplitResult | None = Field(None, description="The rows that trained and that were held out.")
    noisy: NoiseResult | None = Field(None, description="The noisy-input test set.")
    trained: TrainedResult | None = Field(None, description="The models.")
    evaluated: EvaluationResult | None = Field(None, description="Metrics and figures on held-out data.")
    exported: ExportResult | None = Field(None, description="The model in other formats, where they were asked for.")
    was_cached: bool = Field(False, description="Nothing was trained: the results were in the store.")
    error: str | None = Field(None, description="Why it failed, in one line.")


def summarise_failures(outcomes: Iterable[Outcome]) -> str:
    """Return one line that names what failed and why, or an empty one."""
    failed = [f"{outcome.recipe} ({outcome.error})" for outcome in outcomes if outcome.error is not None]
    return f"{len(failed)} failed: {'; '.join(failed)}." if failed else ""
