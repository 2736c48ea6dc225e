"""Executors: what trains the requests of a run, on this machine or on the workers of a pool."""

from collections.abc import Sequence
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest
from aepipe.tasks.timeouts import TimeoutSettings
from aepipe.training.settings import CheckpointSettings


class Shared(BaseModel):
    """What all trainings of a run have in common: the train flow's parameters beside a request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str = Field(description="Where results go.")
    checkpoints: CheckpointSettings = Field(CheckpointSettings(), description="How often a state is saved.")
    timeouts: TimeoutSettings = Field(TimeoutSettings(), description="How long each step may take.")
    refresh: bool = Field(False, description="Train and evaluate even if that has been done.")


class Executor(Protocol):
    """Trains several requests; one that fails is an outcome, so that the others go on."""

    def __call__(self, requests: Sequence[TrainingRequest], at_once: int | None, shared: Shared) -> list[Outcome]:
        """Return an outcome for each request, in order.

        Args:
            requests: What to train.
            at_once: How many at a time; None leaves it to the executor.
            shared: What they have in common.
        """
