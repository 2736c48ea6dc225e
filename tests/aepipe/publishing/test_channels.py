"""Channels move by compare-and-swap, and remember who moved them where and why."""

import threading

import pytest

from aepipe.errors import ConflictError, ObjectNotFoundError, ParameterError
from aepipe.publishing.channels import list_channels, named_releases, point_channel, read_channel, require_channel
from aepipe.store import open_store


@pytest.fixture
def store(store_url):
    return open_store(store_url)


def point(store, release, channel="production", **changes):
    given = {"action": "promoted", "why": "tests", "by": "tester", **changes}
    return point_channel(store, channel, release, f"digest of {release}", **given)


def test_a_channel_remembers_what_it_named(store):
    assert read_channel(store, "production") is None
    for number, release in enumerate(("a", "b", "c", "c"), 1):
        assert point(store, release).current.generation == min(number, 3)
    channel = read_channel(store, "production")
    assert [entry.release for entry in (channel.current, *channel.history)] == ["c", "b", "a"]
    assert (channel.current.why, channel.current.by, channel.current.manifest_sha256) == (
        "tests",
        "tester",
        "digest of c",
    )


def test_going_back_again_and_again_leads_to_older_ones_and_never_forward(store):
    for release in ("a", "b", "c"):
        point(store, release)
    for expected in ("b", "a"):
        previous = read_channel(store, "production").previous
        assert previous.release == expected
        point(store, previous.release, action="rolled back")
    assert read_channel(store, "production").previous is None
    point(store, "d")
    assert read_channel(store, "production").previous.release == "a"


def test_a_decision_on_an_older_channel_is_refused(store):
    base = point(store, "a")
    point(store, "b")
    with pytest.raises(ConflictError, match="Received: channel='production', generation=2, expected=1"):
        point(store, "c", expected=base)
    with pytest.raises(ConflictError):
        point(store, "c", expected=None)
    assert point(store, "c", expected=read_channel(store, "production")).release == "c"


def test_concurrent_writers_are_all_in_the_history(store):
    threads = [threading.Thread(target=point, args=(store, f"r{number}")) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    channel = read_channel(store, "production")
    assert channel.current.generation == 6
    assert sorted(e.release for e in (channel.current, *channel.history)) == [f"r{number}" for number in range(6)]


def test_what_channels_name_and_would_go_back_to(store):
    for release in ("a", "b", "c"):
        point(store, release)
    point(store, "c", channel="candidate")
    assert sorted(list_channels(store)) == ["candidate", "production"]
    assert named_releases(store) == {"c": ["candidate", "production"], "b": ["production"]}


@pytest.mark.parametrize("name", ["", "Production", "a/b", "../x", "a b"])
def test_names_that_no_channel_can_have(store, name):
    with pytest.raises(ParameterError, match="lower-case letters"):
        point(store, "a", channel=name)


def test_a_channel_that_was_never_set_is_named(store):
    point(store, "a", channel="candidate")
    with pytest.raises(ObjectNotFoundError, match=r"no channel production\. Received: .*channels=\['candidate'\]"):
        require_channel(store, "production")
