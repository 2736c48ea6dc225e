"""The outcome of a run for one recipe: its results, or why there are none."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aepipe.recipes.naming import as_recipe
from aepipe.recipes.plan import TrainingPlan
from aepipe.stages.facts import EvaluationFacts
from aepipe.stages.parent import Parent
from aepipe.stages.results import (
    CalibrationResult,
    DataResult,
    EvaluationResult,
    ExportResult,
    GenerationResult,
    NoiseResult,
    SplitResult,
    StageResult,
    TrainedResult,
)


class Done(BaseModel):
    """A recipe that was trained; evaluated and exported, where that was asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["done"] = Field("done", description="What became of it.")
    recipe: str = Field(description="The recipe's name.")
    recipe_file: str | None = Field(None, description="The text of the file that says it, where one does.")
    model: str = Field(default_factory=as_recipe, description="What its model is called.")
    setting: str = Field(description="Which of its settings.")
    plan: TrainingPlan = Field(description="What was trained.")
    parent: Parent | None = Field(None, description="The published model that it began with.")
    data: DataResult = Field(description="The images.")
    split: SplitResult = Field(description="The rows that trained and that were held out.")
    noisy: NoiseResult | None = Field(None, description="The noisy-input test set.")
    trained: TrainedResult = Field(description="The models.")
    evaluated: EvaluationResult | None = Field(None, description="Metrics and figures on held-out data.")
    calibrated: CalibrationResult | None = Field(None, description="Scores of held-out normal pictures.")
    generated: GenerationResult | None = Field(None, description="What a generative model's new images come to.")
    exported: ExportResult | None = Field(None, description="The model in other formats.")
    was_cached: bool = Field(False, description="Nothing was trained: the results were in the store.")

    @property
    def results(self) -> Mapping[str, StageResult[Any]]:
        """The result of each stage that there is, by its name here, in the order in which they are made."""
        return {name: value for name, value in self if isinstance(value, StageResult)}

    @property
    def measured(self) -> EvaluationFacts:
        """What was measured on held-out images, those that are not normal among them.

        Raises:
            ValueError: the request left that out; what is judged and published was evaluated.
        """
        if self.evaluated is None:
            raise ValueError(f"What is judged was evaluated. Received: model={self.model!r}.")
        detection = {} if self.calibrated is None else self.calibrated.facts.detection
        generation = {} if self.generated is None else self.generated.facts.metrics
        more = {**detection, **generation}
        return self.evaluated.facts.model_copy(update=more) if more else self.evaluated.facts


class Failed(BaseModel):
    """A recipe that came to nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["failed"] = Field("failed", description="What became of it.")
    recipe: str = Field(description="The recipe's name.")
    model: str = Field(default_factory=as_recipe, description="What its model is called.")
    setting: str = Field(description="Which of its settings.")
    error: str = Field(description="Why, in one line.")

    @property
    def results(self) -> Mapping[str, StageResult[Any]]:
        """No stage's results are those of a run that failed."""
        return {}


Outcome = Annotated[Done | Failed, Field(discriminator="kind")]


def count_cached(outcomes: Iterable[Outcome]) -> int:
    """Return of how many nothing had to be trained."""
    return sum(isinstance(outcome, Done) and outcome.was_cached for outcome in outcomes)


def summarise_failures(outcomes: Iterable[Outcome]) -> str:
    """Return one line that names what failed and why, or an empty one."""
    failed = [f"{outcome.model} ({outcome.error})" for outcome in outcomes if isinstance(outcome, Failed)]
    return f"{len(failed)} failed: {'; '.join(failed)}." if failed else ""
