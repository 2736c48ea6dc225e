"""A served model follows its channel; what it can't have changes nothing but what it says."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from published_models import RECIPE, RELEASE, publish
from serving import DIGITS, PNG, png_of, running, wait_for

from aepipe.errors import ObjectNotFoundError, TransientStoreError
from aepipe.inference.serve.following import Following
from aepipe.inference.serve.metrics import Metrics
from aepipe.store import FolderStore, open_store

LATER, BROKEN = "20260103T020000Z-2b3c4d", "20260102T020000Z-3c4d5e"


def test_a_promotion_loses_no_request_and_a_broken_release_changes_nothing(trained_files, tmp_path):
    store, ended = open_store(tmp_path / "store"), threading.Event()
    (tmp_path / "junk").write_bytes(b"no model")
    publish(store, trained_files, {RECIPE: "promoted"})
    with running(store) as client, ThreadPoolExecutor() as pool:

        def ask() -> list[str]:
            releases = []
            while not ended.is_set():
                answer = client.post("/encode", content=png_of(DIGITS[0]), headers=PNG)
                assert answer.status_code == 200, answer.text
                releases.append(answer.json()["release"])
            return releases

        asking = [pool.submit(ask) for _ in range(4)]
        try:
            publish(store, {**trained_files, "decoder.keras": tmp_path / "junk"}, {RECIPE: "promoted"}, release=BROKEN)
            wait_for(lambda: client.get("/healthz").json()["problem"] is not None)
            health = client.get("/healthz").json()
            assert (health["status"], health["release"]) == ("ok", RELEASE)
            assert "decoder.keras" in health["problem"]
            assert "aepipe_behind 1.0" in client.get("/metrics").text
            publish(store, trained_files, {RECIPE: "promoted"}, release=LATER)
            wait_for(lambda: client.get("/healthz").json()["release"] == LATER)
        finally:
            ended.set()
        seen = [answer.result(60) for answer in asking]
        assert client.get("/healthz").json()["problem"] is None
        told = client.get("/metrics").text
    assert "aepipe_behind 0.0" in told
    assert "aepipe_switches_total 2.0" in told
    assert f'release="{LATER}"' in told
    for releases in seen:
        assert set(releases) <= {RELEASE, LATER}
        assert releases == sorted(releases)


def test_what_is_not_there_at_the_start_ends_it(tmp_path, digits_store):
    following = Following(digits_store, "faces-conv", "production", 10, Metrics())
    following.look()
    assert isinstance(following.hopeless, ObjectNotFoundError)


class Away(FolderStore):
    """A store that does not answer while it is away, or not even that it does not."""

    is_away = True
    answers: threading.Event | None = None

    def get_versioned(self, key):
        if self.answers is not None:
            self.answers.wait(60)
        if self.is_away:
            raise TransientStoreError("The store must answer in time.")
        return super().get_versioned(key)


@pytest.fixture
def away(digits_store) -> Away:
    """A store with a model in production, that is away."""
    return Away(digits_store.url.removeprefix("file://"))


def test_a_store_that_is_away_is_waited_for(away):
    following = Following(away, RECIPE, "production", 10, Metrics())
    following.look()
    assert (following.current, following.hopeless) == (None, None)
    assert "answer in time" in str(following.problem)
    away.is_away = False
    following.look()
    assert following.current is not None
    assert (following.current.release, following.problem) == (RELEASE, None)


def test_a_store_that_goes_away_takes_no_model_with_it(away):
    away.is_away = False
    with running(away) as client:
        away.is_away = True
        wait_for(lambda: client.get("/healthz").json()["problem"] is not None)
        health = client.get("/healthz").json()
        assert (health["status"], health["release"]) == ("ok", RELEASE)
        assert "answer in time" in health["problem"]
        assert "aepipe_behind 1.0" in client.get("/metrics").text
        assert client.post("/encode", content=png_of(DIGITS[0]), headers=PNG).status_code == 200
        away.is_away = False
        wait_for(lambda: "aepipe_behind 0.0" in client.get("/metrics").text)
        assert client.get("/healthz").json()["problem"] is None


def test_a_store_that_never_answers_keeps_nobody_who_wants_to_end(away, monkeypatch):
    monkeypatch.setattr("aepipe.inference.serve.following.MAX_END_SECONDS", 0.1)
    away.answers = threading.Event()
    with Following(away, RECIPE, "production", 10, Metrics()) as following:
        pass
    assert following._thread.is_alive()
    assert following._thread.daemon
    away.answers.set()
    following._thread.join()
