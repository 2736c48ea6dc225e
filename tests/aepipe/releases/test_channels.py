"""Channels move by compare-and-swap, and remember who moved them where and why."""

import hashlib
import json
import threading

import pytest

from aepipe.errors import ConflictError, CorruptObjectError, ObjectNotFoundError, ParameterError
from aepipe.releases.channels import list_channels, named_releases, point_channel, read_channel, require_channel
from aepipe.releases.removal import remove_channel
from aepipe.store import open_store

A, B, C, D = (f"20260101T00000{number}Z-{name}" for number, name in enumerate("abcd"))


@pytest.fixture
def store(store_url):
    return open_store(store_url)


def digest(release):
    return hashlib.sha256(release.encode()).hexdigest()


def point(store, release, channel="production", **changes):
    given = {"action": "promoted", "why": "tests", "by": "tester", **changes}
    return point_channel(store, channel, release, digest(release), **given)


def test_a_channel_remembers_what_it_named(store):
    assert read_channel(store, "production") is None
    for number, release in enumerate((A, B, C, C), 1):
        assert point(store, release).current.generation == min(number, 3)
    channel = read_channel(store, "production")
    assert [entry.release for entry in (channel.current, *channel.history)] == [C, B, A]
    assert (channel.current.why, channel.current.by, channel.current.manifest_sha256) == (
        "tests",
        "tester",
        digest(C),
    )


def test_going_back_again_and_again_leads_to_older_ones_and_never_forward(store):
    for release in (A, B, C):
        point(store, release)
    for expected in (B, A):
        previous = read_channel(store, "production").previous
        assert previous.release == expected
        point(store, previous.release, action="rolled back")
    assert read_channel(store, "production").previous is None
    point(store, D)
    assert read_channel(store, "production").previous.release == A


def test_a_decision_on_an_older_channel_is_refused(store):
    base = point(store, A)
    point(store, B)
    with pytest.raises(ConflictError, match="Received: channel='production', generation=2, expected=1"):
        point(store, C, expected=base)
    with pytest.raises(ConflictError):
        point(store, C, expected=None)
    assert point(store, C, expected=read_channel(store, "production")).release == C


def test_concurrent_writers_are_all_in_the_history(store):
    threads = [threading.Thread(target=point, args=(store, f"{A}{number}")) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    channel = read_channel(store, "production")
    assert channel.current.generation == 6
    assert sorted(e.release for e in (channel.current, *channel.history)) == [f"{A}{number}" for number in range(6)]


def test_what_channels_name_and_would_go_back_to(store):
    for release in (A, B, C):
        point(store, release)
    point(store, C, channel="candidate")
    assert sorted(list_channels(store)) == ["candidate", "production"]
    assert named_releases(store) == {C: ["candidate", "production"], B: ["production"]}


@pytest.mark.parametrize("name", ["", "Production", "a/b", "../x", "a b"])
def test_names_that_no_channel_can_have(store, name):
    with pytest.raises(ParameterError, match="lower-case letters"):
        point(store, A, channel=name)


def test_a_channel_that_was_never_set_is_named(store):
    point(store, A, channel="candidate")
    with pytest.raises(ObjectNotFoundError, match=r"no channel production\. Received: .*channels=\['candidate'\]"):
        require_channel(store, "production")


def change(store, change_text):
    """Let a channel rot: its bytes change behind everybody's back."""
    key = "channels/production.json"
    store.put(key, change_text(store.get(key)))


def test_a_channel_that_rotted_is_never_believed(store):
    point(store, A)
    point(store, B)
    # Still JSON, and still a channel: only its digest tells.
    change(store, lambda data: data.replace(digest(B).encode(), digest(A).encode()))
    with pytest.raises(CorruptObjectError, match=r"key='channels/production.json'.*remove-channel production"):
        read_channel(store, "production")
    with pytest.raises(CorruptObjectError):
        point(store, C)


def test_a_channel_of_an_older_version_has_no_digest_and_is_read_and_moved(store):
    point(store, A)
    without = json.loads(store.get("channels/production.json"))
    del without["sha256"]
    store.put("channels/production.json", json.dumps(without).encode())
    assert read_channel(store, "production").release == A
    assert point(store, B).previous.release == A
    assert json.loads(store.get("channels/production.json"))["sha256"]


def test_a_removed_channel_is_gone_and_what_it_was_is_kept_with_the_reason(store):
    point(store, A, channel="producton")
    record = json.loads(store.get(remove_channel(store, "producton", "typing error", "ada")))
    assert (record["channel"], record["why"], record["by"]) == ("producton", "typing error", "ada")
    assert A in record["was"]
    assert list_channels(store) == {}
    with pytest.raises(ObjectNotFoundError, match="known='none'"):
        remove_channel(store, "producton", "again")


def test_production_goes_by_force_alone_and_nothing_goes_without_a_reason(store):
    point(store, A)
    with pytest.raises(ParameterError, match="needs a reason"):
        remove_channel(store, "production", " ", force=True)
    with pytest.raises(ParameterError, match="--force"):
        remove_channel(store, "production", "no more")
    remove_channel(store, "production", "no more", force=True)
    assert read_channel(store, "production") is None


def test_a_channel_that_can_not_be_read_can_be_removed(store):
    store.put("channels/staging.json", b"{")
    remove_channel(store, "staging", "damaged")
    assert not store.exists("channels/staging.json")


def test_a_user_without_a_name_is_told_by_number(store, monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2_000_123)
    assert point(store, A, by=None).current.by == "uid 2000123"
