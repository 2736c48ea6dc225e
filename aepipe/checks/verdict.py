"""Verdict on a data set: every check with its limit, what was found, and whether that holds."""

from pydantic import BaseModel, ConfigDict, Field

from aepipe.notation import ABSENT, fixed
from aepipe.releases.facts import Accepted, DataSummary


class CheckLine(BaseModel):
    """One check of one data set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="What is checked, in a few words.")
    setting: str | None = Field(None, description="The setting that has the limit; None where nothing can change it.")
    limit: float | None = Field(None, description="How much is allowed.")
    found: float | None = Field(None, description="How much there is; None where that can't be told.")
    allows: float | None = Field(None, description="The limit that would allow it, where it does not hold.")
    holds: bool = Field(description="Whether it is within the limit; what can't be told is.")
    says: str = Field(description="What was found, or why it can't be told, in words.")

    @property
    def line(self) -> str:
        """Name, limit, what was found, and the way out, for a log."""
        found = [f"{write_figure(self.found)}, limit {self.limit:g}"] if self.found is not None else []
        way_out = f"; --set {self.way_out}" if self.way_out else ""
        return f"{self.name}: {', '.join([*found, self.says])}{way_out}"

    @property
    def way_out(self) -> str:
        """What would allow it, in words; empty where nothing can, or need be."""
        # Every digit of it: one less would not allow it.
        return "" if self.allows is None else f"{self.setting}={self.allows:g} allows it"


class DataVerdict(BaseModel):
    """The decision about one data set of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_set: str = Field(description="The data set's name.")
    reference: str | None = Field(None, description="The release that it is compared with; None where there is none.")
    lines: tuple[CheckLine, ...] = Field(description="Every check.")
    accepted: Accepted | None = Field(None, description="Who took it all the same; None where every check holds.")

    @property
    def broken(self) -> tuple[CheckLine, ...]:
        """The checks that do not hold."""
        return tuple(line for line in self.lines if not line.holds)

    @property
    def summary(self) -> DataSummary:
        """What a manifest says of it."""
        broken = tuple(line.name for line in self.broken)
        return DataSummary(reference=self.reference, broken=broken, accepted=self.accepted)


def write_figure(value: float | None) -> str:
    """Return what was found with three significant digits; a count without a point."""
    if value is None:
        return ABSENT
    return f"{value:,.0f}" if value == int(value) else fixed(value, 3)
