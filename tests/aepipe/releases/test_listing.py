"""The listing says what the manifests say, whatever happens to the store, and costs the same however many there are."""

import gzip
import json
import logging

import pytest
from memory_store import MemoryStore
from releases import put_release

from aepipe.errors import AccessDeniedError, ConflictError
from aepipe.releases.changed import SETTLED_SECONDS, list_notes
from aepipe.releases.listing import KEY, listed_releases, refresh_listing, survey_listing
from aepipe.releases.prune import plan_prune, prune
from aepipe.releases.signatures import sign_release

RELEASES = [f"202601{day:02}T000000Z-aaaaaa" for day in range(1, 6)]
NEW, SIGNED = "20260201T000000Z-bbbbbb", RELEASES[2]


class CountingStore(MemoryStore):
    """Knows which objects were read."""

    def __init__(self):
        super().__init__()
        self.read: list[str] = []

    def get_versioned(self, key):
        self.read.append(key)
        return super().get_versioned(key)


@pytest.fixture
def store():
    store = CountingStore()
    for release in RELEASES:
        put_release(store, release, {"dense": b"model"}, recipes={"dense": {"verdict": "first", "mse_per_pixel": 0.1}})
    refresh_listing(store)
    return store


@pytest.fixture
def signing_key(monkeypatch):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    monkeypatch.setenv("AEPIPE_SIGNING_KEY", Ed25519PrivateKey.generate().private_bytes(*form).decode())


def manifests_read(store):
    """Which manifests a look at all releases reads."""
    store.read.clear()
    survey_listing(store)
    return [key.split("/")[1] for key in store.read if key.endswith("/manifest.json")]


def assert_right(store):
    """What the listing says is what the manifests say, errors among it."""
    releases, unreadable = survey_listing(store)
    truly, why = survey_listing(store, anew=True)
    assert releases == truly
    assert {name: str(error) for name, error in unreadable.items()} == {n: str(error) for n, error in why.items()}
    assert [one.signers for one in releases] == [one.signers for one in truly]


def test_no_manifest_is_read_twice(store):
    assert manifests_read(store) == []
    put_release(store, NEW, {"dense": b"model"})
    assert manifests_read(store) == [NEW]
    assert [one.release for one in listed_releases(store)] == [NEW, *reversed(RELEASES)]
    refresh_listing(store)
    assert manifests_read(store) == []
    assert_right(store)


def test_reading_writes_nothing(store):
    put_release(store, NEW, {"dense": b"model"})
    before = dict(store.objects)
    survey_listing(store)
    listed_releases(store)
    assert store.objects == before


def test_a_signature_is_seen_at_once_and_after_the_note_is_settled(store, signing_key):
    sign_release(store, SIGNED)
    assert manifests_read(store) == [SIGNED]
    assert_right(store)
    # Soon after, a writer that was killed may not have signed yet.
    refresh_listing(store)
    assert manifests_read(store) == [SIGNED]
    store.now += SETTLED_SECONDS
    refresh_listing(store)
    assert manifests_read(store) == []
    assert list_notes(store) == {}
    assert_right(store)
    (signed,) = [one for one in listed_releases(store) if one.signers]
    assert signed.release == SIGNED


def test_a_forged_signature_in_the_listing_is_none(store, signing_key):
    sign_release(store, SIGNED)
    refresh_listing(store)
    content = json.loads(gzip.decompress(store.get(KEY)))
    content["releases"][RELEASES[0]]["signatures"] = content["releases"][SIGNED]["signatures"]
    store.put(KEY, gzip.compress(json.dumps(content).encode()))
    assert [one.release for one in listed_releases(store) if one.signers] == [SIGNED]


def test_a_release_that_is_removed_is_gone_also_where_that_was_not_finished(store, monkeypatch):
    planned = plan_prune(store, keep=4, grace_hours=0)
    with monkeypatch.context() as patch:
        patch.setattr(store, "delete_many", lambda keys: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            list(prune(store, planned))
    assert [one.release for one in listed_releases(store)] == list(reversed(RELEASES[1:]))
    assert_right(store)
    list(prune(store, plan_prune(store, keep=2, grace_hours=0)))
    refresh_listing(store)
    assert_right(store)
    assert manifests_read(store) == []


@pytest.mark.parametrize("damage", ["cut", "other", "newer"])
def test_what_can_not_be_read_is_looked_at_each_time(store, damage):
    manifest = put_release(store, NEW, {"dense": b"model"}).model_dump(mode="json")
    changes = {"cut": b"{", "other": json.dumps({**manifest, "release": RELEASES[0]}).encode()}
    newer = json.dumps({**manifest, "schema_version": 2}).encode()
    store.put(f"releases/{NEW}/manifest.json", changes.get(damage, newer))
    store.put("releases/notes.txt", b"somebody else's")
    refresh_listing(store)
    assert manifests_read(store) == [NEW]
    assert list(survey_listing(store)[1]) == [NEW]
    assert_right(store)
    store.put(f"releases/{NEW}/manifest.json", json.dumps(manifest).encode())
    assert_right(store)


# Named: a compressed file has the second in it at which it was made, and workers would find different tests.
DAMAGES = {
    "text": b"{",
    "half an object": gzip.compress(b"{"),
    "another version's": gzip.compress(b'{"fields": []}'),
    "cut off": b"\x1f\x8b\x08\x00",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_listing_that_is_damaged_or_another_versions_is_said_and_written_anew(store, damage, caplog):
    before = store.get(KEY)
    store.put(KEY, damage)
    with caplog.at_level(logging.WARNING):
        assert sorted(manifests_read(store)) == RELEASES
    assert KEY in caplog.text
    assert "every manifest" in caplog.text
    assert_right(store)
    refresh_listing(store)
    assert store.get(KEY) == before


def test_of_two_writers_at_once_none_is_lost(store, monkeypatch):
    swap, late = store.swap, "20260301T000000Z-cccccc"
    put_release(store, NEW, {"dense": b"model"})

    def meanwhile(key, data, version):
        monkeypatch.setattr(store, "swap", swap)
        put_release(store, late, {"dense": b"model"})
        refresh_listing(store)
        swap(key, data, version)

    monkeypatch.setattr(store, "swap", meanwhile)
    refresh_listing(store)
    assert manifests_read(store) == []
    assert [one.release for one in listed_releases(store)][:2] == [late, NEW]


def test_a_writer_that_saw_a_release_before_it_was_signed_does_not_hide_its_signer(store, signing_key, monkeypatch):
    store.delete(KEY)
    swap = store.swap

    def meanwhile(key, data, version):
        monkeypatch.setattr(store, "swap", swap)
        sign_release(store, SIGNED)
        swap(key, data, version)

    monkeypatch.setattr(store, "swap", meanwhile)
    refresh_listing(store)
    assert_right(store)
    assert [one.release for one in listed_releases(store) if one.signers] == [SIGNED]


def test_others_that_keep_writing_are_no_failure(store, monkeypatch, caplog):
    put_release(store, NEW, {"dense": b"model"})

    def taken(*_):
        raise ConflictError("Somebody else was first.")

    monkeypatch.setattr(store, "swap", taken)
    releases, _ = refresh_listing(store)
    assert releases[0].release == NEW
    assert "others kept writing it" in caplog.text


def test_who_may_read_releases_alone_is_told_what_they_say(store, monkeypatch, caplog):
    read = store.get_versioned

    def refused(key):
        if key == KEY:
            raise AccessDeniedError("The credentials must allow this.")
        return read(key)

    monkeypatch.setattr(store, "get_versioned", refused)
    assert [one.release for one in listed_releases(store)] == list(reversed(RELEASES))
    assert "so every manifest is" in caplog.text


def test_the_cost_is_the_same_for_any_number_of_releases(store, monkeypatch):
    """Names of folders come a thousand at a time; nothing else is asked that grows with the releases."""
    monkeypatch.setattr(store, "exists", lambda key: pytest.fail("asked for each"))
    before = manifests_read(store), len(store.read)
    for day in range(1, 29):
        put_release(store, f"202602{day:02}T000000Z-dddddd", {"dense": b"model"})
    refresh_listing(store)
    assert (manifests_read(store), len(store.read)) == before


def test_what_was_restored_over_it_is_seen_when_asked(store):
    content = {**json.loads(store.get(f"releases/{RELEASES[-1]}/manifest.json")), "flow_run": "restored"}
    store.put(f"releases/{RELEASES[-1]}/manifest.json", json.dumps(content).encode())
    refresh_listing(store, anew=True)
    assert_right(store)
