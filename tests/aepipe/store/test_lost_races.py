"""A server that tells the loser of a race of an error instead of a clear no, as Ceph does: nothing is lost by it."""

import contextlib
import json

import pytest
from in_threads import in_threads
from servers.faults import fault_proxy

from aepipe.errors import ConflictError, UnknownOutcomeError
from aepipe.releases.channels import point_channel, read_channel
from aepipe.store import open_store
from aepipe.store.preflight import preflight

DIGEST = "0" * 64


@pytest.fixture(params=["UnknownError", "InternalError"])
def losing_store(request, s3_server, s3_store_url, monkeypatch):
    """A store behind a server that answers 500 where it would have said that a condition does not hold."""
    with fault_proxy(s3_server.endpoint_url, share=1.0, seed=1, faults=("500 to the loser",)) as proxy:
        proxy.loser_code = request.param
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        yield open_store(s3_store_url)


def test_such_a_server_is_safe(losing_store):
    assert preflight(losing_store).is_safe


@pytest.mark.parametrize("losing_store", ["UnknownError"], indirect=True)
def test_a_race_that_was_lost_is_no_news(losing_store, caplog):
    preflight(losing_store)
    assert caplog.messages == []


def test_every_writer_of_a_channel_gets_his_turn(losing_store):
    def publish(number):
        for nth in range(2):
            release = f"20260101T000000Z-w{number}x{nth}"
            point_channel(losing_store, "candidate", release, DIGEST, action="published", why="x", by=str(number))

    in_threads(4, publish)
    channel = read_channel(losing_store, "candidate")
    assert sorted(e.generation for e in (channel.current, *channel.history)) == list(range(1, 9))
    assert len({e.release for e in (channel.current, *channel.history)}) == 8


def test_no_increment_is_lost(losing_store):
    losing_store.swap("counter", b"[]", None)

    def count(number):
        for nth in range(3):
            mark = f"{number}.{nth}"
            found = losing_store.get_versioned("counter")
            while mark not in (marks := json.loads(found.data)):
                with contextlib.suppress(ConflictError, UnknownOutcomeError):
                    losing_store.swap("counter", json.dumps([*marks, mark]).encode(), found.version)
                found = losing_store.get_versioned("counter")

    in_threads(4, count)
    assert sorted(json.loads(losing_store.get("counter"))) == sorted(f"{a}.{b}" for a in range(4) for b in range(3))


def test_bytes_that_the_server_says_came_damaged_are_sent_again(s3_server, s3_store_url, monkeypatch, tmp_path):
    with fault_proxy(s3_server.endpoint_url, share=0.3, seed=4, faults=("damaged",)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        store = open_store(s3_store_url)
        (tmp_path / "file").write_bytes(b"z" * 1000)
        store.put("put", b"x" * 1000)
        store.create("created", b"y" * 1000)
        store.put_file("file", tmp_path / "file")
        assert store.get("created") == b"y" * 1000
    assert proxy.counts["damaged"] > 0
