"""Facts of the stage `check`: the census of a data set, and what its checks came to."""

from pydantic import BaseModel, ConfigDict, Field

from aepipe.checks.census import Census
from aepipe.checks.verdict import CheckLine, DataVerdict
from aepipe.notation import counted
from aepipe.releases.facts import Accepted
from aepipe.stages.facts import Facts
from aepipe.stages.results import StageResult


class CheckFacts(Facts):
    """What is known of a user's own images before anything trains on them."""

    name: str = Field(description="The data set's name.")
    data_set: str = Field(description="images:PATH, without what is secret in it.")
    reference: str | None = Field(None, description="The release that it is compared with; None where there is none.")
    lines: tuple[CheckLine, ...] = Field(description="Every check.")
    census: Census = Field(description="What there is, beside what there was.")
    identity: str | None = Field(None, description="Digest of what was checked.")
    error: str | None = Field(None, description="Why nothing can train on it; None where that is possible.")

    @property
    def summary(self) -> str:
        """How many checks hold, are broken and can't be told, and what is compared with, in words."""
        broken = sum(not line.holds for line in self.lines)
        untold = sum(line.holds and line.found is None for line in self.lines)
        parts = [counted(len(self.lines) - broken - untold, "check holds", "checks hold")]
        parts += [counted(broken, "is broken", "are broken")] if broken else []
        parts += [f"{untold} can't be told"] if untold else []
        compared = f"compared with release {self.reference}" if self.reference else "with nothing to compare with yet"
        return f"{', '.join(parts)}, {compared}"

    @property
    def holds(self) -> bool:
        """Whether every check does."""
        return self.error is None and all(line.holds for line in self.lines)


CheckResult = StageResult[CheckFacts]


class Checked(BaseModel):
    """A data set of a run that its checks let through, or that somebody took all the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    result: CheckResult = Field(description="What the checks came to.")
    accepted: Accepted | None = Field(None, description="Who took it although a check is broken.")

    @property
    def facts(self) -> CheckFacts:
        """What is known of it."""
        return self.result.facts

    @property
    def verdict(self) -> DataVerdict:
        """The decision."""
        facts = self.facts
        return DataVerdict(data_set=facts.name, reference=facts.reference, lines=facts.lines, accepted=self.accepted)
