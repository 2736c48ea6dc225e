"""Timeouts: how long each step of a run may take, as its user chose."""

from contextvars import ContextVar
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import TimedOutError
from aepipe.recipes.plan import Overrides

HOUR_SECONDS = 3600.0
# A training with a time limit of its own ends by itself; to compile and to measure take it minutes more.
MARGIN_HOURS = 1.0
# Of one recipe beside its data and its training: split, noise, evaluation, exports.
OTHER_STEPS = 4

Hours = Annotated[float, Field(gt=0, le=24 * 365)]
Step = Literal["data", "training", "publishing", "other", "run"]


class TimeoutSettings(BaseModel):
    """How long each step of a run may take; one that takes longer ends, and its run is Failed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_hours: Hours = Field(6, title="Data", description="Hours for reading a data set, downloads included.")
    training_hours: Hours = Field(
        24, title="Training", description="Hours for a training; one with a time limit has that and an hour."
    )
    publishing_hours: Hours = Field(2, title="Publishing", description="Hours for checking and publishing a release.")
    other_hours: Hours = Field(2, title="Other steps", description="Hours for each other step.")
    run_hours: Hours = Field(72, title="Run", description="Hours for the whole run.")
    grace_seconds: float = Field(
        120, ge=0, title="Grace", description="Seconds in which what is told to end may save its state."
    )

    def seconds(self, step: Step) -> float:
        """Return how long a step may take."""
        hours: float = getattr(self, f"{step}_hours")
        return hours * HOUR_SECONDS

    def error(self, step: Step, what: str, seconds: float) -> TimedOutError:
        """Return the error about something that took so long."""
        name = f"{step}_hours"
        way_out = "Look in its log for what hangs, or allow more."
        return TimedOutError(
            f"{what} timed out after {_in_words(seconds)}.", way_out, **{f"timeouts.{name}": getattr(self, name)}
        )

    def of_training(self, time_limit_minutes: float | None) -> float:
        """Return how many seconds a training may take that has this time limit."""
        if time_limit_minutes is None:
            return self.seconds("training")
        return (time_limit_minutes / 60 + MARGIN_HOURS) * HOUR_SECONDS

    def of_recipe(self, overrides: Overrides) -> float:
        """Return how many seconds all steps of one recipe may take."""
        training = self.of_training(overrides.time_limit_minutes)
        return self.seconds("data") + training + OTHER_STEPS * self.seconds("other")


_of_this_run: ContextVar[TimeoutSettings] = ContextVar("timeouts", default=TimeoutSettings())  # noqa: B039 - frozen


def use_timeouts(settings: TimeoutSettings) -> None:
    """Let the steps of this run have these timeouts."""
    _of_this_run.set(settings)


def timeouts() -> TimeoutSettings:
    """Return the timeouts of this run."""
    return _of_this_run.get()


def _in_words(seconds: float) -> str:
    return f"{seconds / HOUR_SECONDS:g} h" if seconds >= HOUR_SECONDS else f"{seconds:g} s"
