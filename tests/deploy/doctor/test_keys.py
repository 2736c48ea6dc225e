"""What is found of the keys that sign and are trusted, and of releases that none of them signed."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from releases import put_release

from aepipe.deploy.doctor.keys import check_keys
from aepipe.releases.channels import point_channel
from aepipe.releases.keys import SIGNING_KEY, TRUSTED_KEYS, public_text
from aepipe.releases.manifest import manifest_sha256
from aepipe.releases.signatures import sign_new
from aepipe.store import open_store

RELEASE = "20260101T000000Z-a"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in (SIGNING_KEY, TRUSTED_KEYS):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "store")
    manifest = put_release(store, RELEASE, {"dense": b"model"})
    point_channel(store, "production", RELEASE, manifest_sha256(manifest), action="promoted", why="tests")
    return store


def states(store) -> dict[str, str]:
    return {finding.subject: finding.state for finding in check_keys(store.url)}


def sign_with(monkeypatch, key: Ed25519PrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    monkeypatch.setenv(SIGNING_KEY, pem)


def test_without_keys_all_is_well(store):
    assert states(store) == {"signing keys": "ok"}


@pytest.mark.parametrize("name", [SIGNING_KEY, TRUSTED_KEYS])
@pytest.mark.parametrize("value", ["/no/such/key", "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"])
def test_a_key_that_cannot_be_read_is_named(store, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    (finding,) = check_keys(store.url)
    assert (finding.state, name in finding.finding) == ("broken", True)


def test_a_release_that_no_trusted_key_signed_is_named_until_one_has(store, monkeypatch):
    key = Ed25519PrivateKey.generate()
    monkeypatch.setenv(TRUSTED_KEYS, public_text(key.public_key()))
    assert states(store) == {"signing keys": "warning", "signature of channel production": "broken"}
    sign_with(monkeypatch, Ed25519PrivateKey.generate())
    assert states(store) == {"signing keys": "broken", "signature of channel production": "broken"}
    sign_with(monkeypatch, key)
    manifest = put_release(store, f"{RELEASE}2", {"dense": b"model"})
    sign_new(store, manifest.release, manifest_sha256(manifest))
    point_channel(
        store, "production", manifest.release, manifest_sha256(manifest), action="promoted", why="tests", by="tests"
    )
    assert states(store) == {"signing keys": "ok"}
