"""News of data sets, in a few words: what came, went, changed and is broken since the release that is compared with."""

from collections.abc import Iterable

from aepipe.checks.census import Census
from aepipe.checks.facts import CheckFacts
from aepipe.datasets.index import WITH_PIXELS


def describe_news(data_sets: Iterable[CheckFacts]) -> str:
    """Return what is new of each data set, as `photos: 12 new, 1 gone, 1 broken`; empty where there is none."""
    return "; ".join(f"{facts.name}: {_describe(facts)}" for facts in data_sets)


def _describe(facts: CheckFacts) -> str:
    if facts.error is not None:
        return "nothing to train on"
    census = facts.census
    if facts.reference is None:
        found = [f"{_count_images(census)} images for the first time"]
    else:
        counts = {"new": census.came, "gone": census.went, "replaced": census.changed}
        found = [f"{listed.count} {word}" for word, listed in counts.items() if listed.count] or ["as it was"]
    return ", ".join([*found, *([f"{census.broken.count} broken"] if census.broken.count else [])])


def _count_images(census: Census) -> int:
    return sum(count.now for count in census.counts if count.group == "state" and count.name in WITH_PIXELS)
