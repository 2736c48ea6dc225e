"""Summaries in a manifest: what its readers count on, and check, as anybody may have written it."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    model_serializer,
    model_validator,
)

from aepipe.evaluation.catalogue import Metrics, metrics_at
from aepipe.evaluation.intervals import Interval
from aepipe.store.names import Name, ReleaseId, Time


def _finite(value: float) -> float:
    # An integer may be larger than any float.
    if not -sys.float_info.max <= value <= sys.float_info.max:
        raise ValueError("a figure is a finite number")
    return value


# Written again, a whole number stays one: a manifest that is read and written keeps its bytes.
Number = Annotated[int | float, AfterValidator(_finite)]
_numbers: TypeAdapter[dict[str, Number | None]] = TypeAdapter(dict[str, Number | None], config=ConfigDict(strict=True))


class RecipeSummary(BaseModel):
    """What a manifest says about a model. There may be more, which is kept; what is not said stays unsaid."""

    # Strict, as the facts stay what they are: a text that reads like a number is none to compute with.
    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    verdict: str = Field(description="What the gate decided.")
    origin: ReleaseId | None = Field(
        None, description="The release that the model comes from; None where there is no model."
    )
    recipe: str | None = Field(None, description="The recipe; None in releases that call a model by its recipe.")
    setting: str | None = Field(None, description="Which of the recipe's settings.")
    seed: int | None = Field(None, description="Seed of the training.")
    deterministic: bool | None = Field(None, description="Whether a GPU would come to the same bits again.")
    precision: str | None = Field(None, description="What it computed in: float32, bfloat16 or float16.")
    data_set: str | None = Field(None, description="The data set's name.")
    data: str | None = Field(None, description="Data set and split.")
    input: JsonValue = Field(None, description="What was taken of a user's own images.")
    index: str | None = Field(None, description="The file of the release that lists one's own images, and their parts.")
    images_sha256: str | None = Field(None, description="Digest of the images.")
    test_rows_sha256: str | None = Field(None, description="Digest of the held-out rows.")
    started_from: list[str] | None = Field(
        None, description="Published models whose weights it began with, its own parent first: release/model."
    )
    training_seconds: Number | None = Field(None, description="How long it trained.", ge=0)
    ended_by: str | None = Field(None, description="What ended its training: limit, patience, target or time limit.")
    batch_parts: int | None = Field(
        None, description="In how many parts a batch was computed, for want of memory.", ge=1
    )
    images_a_second: Number | None = Field(None, description="Images a second in the median epoch.", gt=0)
    compile_seconds: Number | None = Field(None, description="What the first steps took, compiled before.", ge=0)
    peak_memory_mb: Number | None = Field(None, description="The most memory that its process had.", gt=0)
    gpu_peak_memory_mb: Number | None = Field(None, description="The same of a GPU.", gt=0)
    gpu_utilisation: Number | None = Field(
        None, description="In which share of the time its GPUs computed.", ge=0, le=1
    )
    code_size: int | None = Field(None, description="Number of values in the code.", ge=1)
    compression_ratio: Number | None = Field(None, description="Values of an image for each value of its code.", gt=0)
    behind_best: Number | None = Field(
        None, description="By what share it is worse than the best that its channel had, as comparisons add up.", ge=0
    )
    intervals: dict[str, Interval] | None = Field(
        None, description="By metric, the 95% interval of what is a mean over held-out images."
    )
    exports: JsonValue = Field(None, description="How near each exported file comes to the model.")

    @model_validator(mode="after")
    def _metrics_are_numbers(self) -> "RecipeSummary":
        errors = [metric.name for metric in metrics_at("manifest") if metric.scale is not None]
        values = _numbers.validate_python(dict(self.metrics))
        negative = [name for name in errors if (values[name] or 0) < 0]
        if negative:
            raise ValueError(f"an error is not negative: {', '.join(negative)}")
        return self

    @property
    def metrics(self) -> Metrics:
        """Every number of the catalogue that a manifest has, by its name; what this one does not say is None."""
        more: Mapping[str, Any] = self.model_extra or {}
        return {metric.name: more.get(metric.name) for metric in metrics_at("manifest")}

    @property
    def behind(self) -> float:
        """By what share it is worse than the best of its channel; one that was put there by hand is a beginning."""
        return 0.0 if self.behind_best is None or self.verdict != "promoted" else self.behind_best

    @model_serializer(mode="wrap")
    def _as_written(self, write: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        return {name: value for name, value in sorted(write(self).items()) if name in self.model_fields_set}


def read_summary(value: Any) -> RecipeSummary:
    """Return a summary with all that is in it, also where a manifest's reader passes over what it does not know."""
    return value if isinstance(value, RecipeSummary) else RecipeSummary.model_validate(value)


Summary = Annotated[RecipeSummary, BeforeValidator(read_summary)]


class Accepted(BaseModel):
    """Who took data that broke a check, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    why: str = Field(description="The reason.")
    by: str = Field(description="The user and the flow run.")


class DataSummary(BaseModel):
    """What a manifest says about a user's own images; decision.json has every check."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: ReleaseId | None = Field(None, description="The release that they were compared with; None for none.")
    broken: tuple[str, ...] = Field((), description="The checks that did not hold.")
    accepted: Accepted | None = Field(None, description="Who took them all the same; None where every check held.")


class RunParameters(BaseModel):
    """What readers of a manifest count on in a run's parameters; there may be more."""

    model_config = ConfigDict(frozen=True, extra="allow")

    preset: str = Field("full", description="How long was trained.")
    overrides: dict[str, JsonValue] = Field({}, description="What was changed about every recipe.")
    recipe_overrides: dict[str, dict[str, JsonValue]] = Field({}, description="What was changed about one recipe.")


def like(model: type[BaseModel]) -> AfterValidator:
    """Return a check that a dictionary is as a model says; it stays a dictionary, with all that is in it."""

    def check(facts: dict[str, JsonValue]) -> dict[str, JsonValue]:
        model.model_validate(facts)
        return facts

    return AfterValidator(check)


class ReleaseSummary(BaseModel):
    """What a release says about itself as a whole, and about each of its models, without its files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: ReleaseId = Field(description="The release's id.")
    created: Time = Field(description="When the run started, ISO 8601 in UTC.")
    content: Name = Field(description="Digest of what the release holds; equal for runs that came to the same.")
    flow_run: str = Field(description="Id of the flow run.")
    parameters: Annotated[dict[str, JsonValue], like(RunParameters)] = Field(description="The run's parameters.")
    git_commit: str | None = Field(description="Commit of the code, with -dirty where it was changed since.")
    packages: dict[str, str] = Field(description="Versions that the result depends on.")
    hardware: list[str] = Field(description="What the recipes were trained on.")
    seconds: float = Field(description="How long the run took, in seconds.")
    recipes: dict[Name, Summary] = Field(
        description="Recipe, verdict, data and metrics of each model by its name, and the release that it comes from."
    )
    candidate: ReleaseId = Field(description="The run's own release; another one where production's models were kept.")
