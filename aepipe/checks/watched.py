"""Facts of watching: how the pictures of a scoring run compare with the held-out ones of the model's release."""

from collections.abc import Mapping
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from aepipe.notation import counted, fixed
from aepipe.store.names import ReleaseId, Time

# What people are told of, each for itself.
Topic = Literal["alarms", "drift"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
# Where a scoring run's summary has what it came to.
WATCHED = "watched"
# Where a score's distribution is read off.
QUANTILES = (0.05, 0.5, 0.95)
MIN_SHOWN = 1e-4


class Spread(BaseModel):
    """A score of the new pictures beside that of the held-out ones: where 5, 50 and 95% of each are below."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    new: tuple[float, float, float] = Field(description="Of the run's pictures.")
    reference: tuple[float, float, float] = Field(description="Of the release's held-out pictures.")


class DriftFact(BaseModel):
    """How far one measure of the new pictures is from that of the held-out ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="What is compared: a score, brightness, codes and so on.")
    size: float | None = Field(None, description="How far they are apart; None where that can't be told.")
    limit: float = Field(description="How far they may be apart.")
    p_value: float | None = Field(None, description="How often chance alone comes to as much in any of the measures.")
    is_over: bool | None = Field(None, description="Over the limit and not by chance; None where that can't be told.")
    says: str = Field(description="What was compared, or why it can't be told, in words.")

    @property
    def line(self) -> str:
        """Name, size, limit and chance, for people."""
        if self.size is None or self.p_value is None:
            return f"{self.name}: {self.says}"
        return f"{self.name} {fixed(self.size, 2)}, limit {self.limit:g}, {write_chance(self.p_value)} ({self.says})"


class Watched(BaseModel):
    """What a scoring run came to against the held-out pictures of its release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_pictures: int = Field(ge=0, description="Pictures that were scored.")
    num_unreadable: int = Field(ge=0, description="Pictures that could not be read.")
    num_alarms: int = Field(ge=0, description="Pictures with the verdict anomalous.")
    num_reference: int = Field(ge=0, description="Held-out pictures that they are compared with.")
    rate: float = Field(ge=0, le=1, description="The false-alarm rate that is promised.")
    alarm_p_value: float = Field(ge=0, le=1, description="How often normal pictures alone bring as many alarms.")
    false_alarms: float = Field(ge=0, le=1, description="How often chance alone may say that something is over.")
    has_too_many_alarms: bool | None = Field(description="Whether that is chance no more; None with too few to tell.")
    spreads: Mapping[str, Spread] = Field(description="By the score's name, how it is distributed.")
    drift: tuple[DriftFact, ...] = Field(description="Every measure that is compared.")

    @property
    def alarm_share(self) -> float:
        """The share of the pictures that are alarms."""
        return self.num_alarms / self.num_pictures if self.num_pictures else 0.0

    @property
    def drifted(self) -> tuple[DriftFact, ...]:
        """The measures that are over their limits, the least likely first."""
        over = (fact for fact in self.drift if fact.is_over)
        return tuple(sorted(over, key=lambda fact: (fact.p_value or 0.0, -(fact.size or 0.0))))

    @property
    def smallest_p_value(self) -> float | None:
        """That of the measure that is the least likely by chance; None where none could be told."""
        return min((fact.p_value for fact in self.drift if fact.p_value is not None), default=None)

    def is_over(self, topic: Topic) -> bool | None:
        """Tell whether a topic is over its limit; None where that can't be told."""
        if topic == "alarms":
            return self.has_too_many_alarms
        told = [fact.is_over for fact in self.drift if fact.is_over is not None]
        return any(told) if told else None

    def describe(self, topic: Topic) -> str:
        """Return a topic's figures in words."""
        if topic == "drift":
            if self.drifted:
                return f"Drift: {'; '.join(fact.line for fact in self.drifted)}."
            return "No drift." if self.is_over("drift") is False else "Drift can't be told."
        found = f"{counted(self.num_alarms, 'alarm')} in {counted(self.num_pictures, 'picture')}"
        promised = f"{write_share(self.alarm_share)} where {write_share(self.rate)} is promised"
        return f"{found}, {promised}, {write_chance(self.alarm_p_value)}."


def write_chance(p_value: float) -> str:
    """Return a p-value in words."""
    return f"p = {fixed(p_value, 2)}" if p_value >= MIN_SHOWN else f"p under {MIN_SHOWN:.4f}"


def write_share(share: float) -> str:
    """Return a share as percent."""
    return f"{100 * share:.3g}%"


class WatchedRun(BaseModel):
    """A scoring run as the page of its model shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: ReleaseId = Field(description="Id of its results.")
    started: Time = Field(description="When it began, ISO 8601 in UTC.")
    release: ReleaseId = Field(description="The release whose model was used.")
    source: str | None = Field(None, description="Where the pictures lay.")
    page: str | None = Field(None, description="The page of its pictures, from that of the model; None without one.")
    score: str = Field(description="The score that decided.")
    watched: Watched = Field(description="What it came to.")
