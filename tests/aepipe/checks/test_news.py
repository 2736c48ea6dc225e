"""What is new of a data set, in the few words that a run is called by."""

import pytest

from aepipe.checks.census import Census, Count, Listed
from aepipe.checks.facts import CheckFacts
from aepipe.checks.news import describe_news

STATES = (Count(group="state", name="ok", now=40), Count(group="state", name="duplicate", now=2))


def facts(reference="20260101T000000Z-a", error=None, **listed) -> CheckFacts:
    census = Census(counts=STATES, **{name: Listed(count=count) for name, count in listed.items()})
    return CheckFacts(name="photos", data_set="images:x", reference=reference, lines=(), census=census, error=error)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (facts(reference=None), "photos: 42 images for the first time"),
        (facts(), "photos: as it was"),
        (facts(broken=3), "photos: as it was, 3 broken"),
        (facts(came=12, went=1, changed=2, broken=1), "photos: 12 new, 1 gone, 2 replaced, 1 broken"),
        (facts(error="no images"), "photos: nothing to train on"),
    ],
)
def test_news_are_a_few_words(found, words):
    assert describe_news([found]) == words


def test_each_data_set_has_its_own():
    assert describe_news([facts(came=1), facts()]) == "photos: 1 new; photos: as it was"
    assert describe_news([]) == ""
