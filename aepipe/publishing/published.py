"""A run, and what it came to as a release."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator
from pydantic_core import to_jsonable_python

from aepipe.gate.verdicts import Verdict

# The same work is the same release, in whatever store, whether it was done anew or not, and however long it might take.
NOT_OF_THE_WORK = ("store", "refresh", "timeouts")


class Run(BaseModel):
    """The run that is published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flow_run: str = Field(description="Id of the flow run; publishing the same of it again gives the same release.")
    started: datetime = Field(description="When this attempt at it started.")
    parameters: dict[str, JsonValue] = Field(description="Its parameters, without where its results go.")

    @field_validator("parameters", mode="before")
    @classmethod
    def _as_json(cls, parameters: dict[str, Any]) -> dict[str, JsonValue]:
        return {name: to_jsonable_python(v) for name, v in parameters.items() if name not in NOT_OF_THE_WORK}

    @property
    def preset(self) -> str:
        """How much work it was."""
        return str(self.parameters.get("preset", "full"))


class Published(BaseModel):
    """A release, where it lies, and what was decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str = Field(description="The release's id.")
    uri: str = Field(description="Where it lies.")
    report_uri: str = Field(description="Where its report lies.")
    verdicts: tuple[Verdict, ...] = Field(description="The decision about each model.")
    channel: str = Field(description="The channel that recipes are promoted to.")
    channel_release: str | None = Field(description="The release that the channel names now.")
    candidate_release: str | None = Field(description="The release that `candidate` names now; it has a model.")
    was_published_before: bool = Field(description="An equal release was there already; nothing was written.")
    held_before: tuple[str, ...] = Field((), description="Models that another run of the same content told were held.")
    is_unchanged: bool = Field(False, description="The release is the latest of its models, and no channel moved.")
    changes: tuple[str, ...] = Field((), description="What is not as in the release of the same models before.")

    @property
    def newly_held(self) -> tuple[str, ...]:
        """The models that are held back, and of which nobody was told yet."""
        return tuple(model for model in self._held() if model not in self.held_before)

    @property
    def summary(self) -> str:
        """One line: the release, what the channels name, and which models are held back."""
        as_before = [model for model in self._held() if model in self.held_before]
        if self.is_unchanged:
            parts = [f"nothing changed since {self.release}."]
        else:
            parts = [f"Release {self.release}: {self.uri}."]
        parts += [f"Changed: {'; '.join(self.changes)}."] if self.changes else []
        if self.candidate_release != self.release:
            parts.append(f"It has no model: candidate is {self.candidate_release or 'not set'}, as before.")
        if self.channel_release:
            parts.append(f"{self.channel.capitalize()} is {self.channel_release}.")
        why = {verdict.model: verdict.reason.rstrip(".") for verdict in self.verdicts}
        parts += [f"Held: {', '.join(f'{m} ({why[m]})' for m in self.newly_held)}."] if self.newly_held else []
        parts += [f"Held as before: {', '.join(as_before)}."] if as_before else []
        return " ".join(parts)

    def _held(self) -> list[str]:
        return [verdict.model for verdict in self.verdicts if verdict.verdict == "held"]
