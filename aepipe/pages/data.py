"""Pages about a user's own images: the section of a release's report, and the page of a check that is broken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from aepipe.checks.census import Census, Count, Listed
from aepipe.checks.facts import Checked
from aepipe.checks.reference import index_path
from aepipe.checks.verdict import CheckLine
from aepipe.pages.rendering import html_environment

HEADINGS = {"state": "Files by state", "part": "Images by part", "class": "Images by class", "size": "Images by size"}
# What a census lists by name, and what a person calls it.
LISTS = {
    "broken": "Broken files",
    "duplicates": "Duplicates",
    "came": "Images that came",
    "went": "Images that went",
    "changed": "Images with other pixels than before",
}


@dataclass(frozen=True)
class DataSection:
    """What a page says of one data set.

    Attributes:
        checked: What its checks came to.
        has_index: Whether the release that the page is in has the whole table.
    """

    checked: Checked
    has_index: bool = False

    @property
    def name(self) -> str:
        """The data set's name."""
        return self.checked.facts.name

    @property
    def lines(self) -> Sequence[CheckLine]:
        """Every check, the broken ones first."""
        return sorted(self.checked.facts.lines, key=lambda line: line.holds)

    @property
    def num_broken(self) -> int:
        """Checks that do not hold."""
        return sum(not line.holds for line in self.lines)

    @property
    def counts(self) -> Mapping[str, Sequence[Count]]:
        """The counts by heading; those of one kind alone say nothing where there are no others."""
        groups = groupby(self._census.counts, key=lambda count: count.group)
        return {HEADINGS[group]: list(counts) for group, counts in groups}

    @property
    def lists(self) -> Mapping[str, Listed]:
        """What is listed by name, by heading; what there is none of is left out."""
        found = {heading: getattr(self._census, name) for name, heading in LISTS.items()}
        return {heading: listed for heading, listed in found.items() if listed.count}

    @property
    def index_path(self) -> str | None:
        """Where the release has the whole table; None where it has none."""
        return index_path(self.name) if self.has_index else None

    @property
    def _census(self) -> Census:
        return self.checked.facts.census


def render_check(checked: Checked) -> str:
    """Return the page about a data set that breaks a check, as HTML with its style inside."""
    return html_environment().get_template("check.html.j2").render(section=DataSection(checked))
