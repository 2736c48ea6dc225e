"""Signatures of releases: who wrote a manifest, in a file beside it.

A manifest's digests tell damage from what was written; whoever can write the store can write them anew. A signature
tells who wrote. It says nothing about channels: which of a publisher's releases a channel names is not signed.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import ConflictError, CorruptObjectError, NewerObjectError, ParameterError, UntrustedReleaseError
from aepipe.io.hashing import canonical_json
from aepipe.releases.changed import note_change
from aepipe.releases.channels import read_channel
from aepipe.releases.keys import (
    SIGNING_KEY,
    TRUSTED_KEYS,
    fingerprint,
    load_public,
    public_text,
    signing_key,
    trusted_keys,
)
from aepipe.releases.manifest import SIGNATURES, Manifest, read_manifest, resolve_release, stored_sha256
from aepipe.releases.verify import Fault, require_intact
from aepipe.store.interface import Store
from aepipe.store.parsing import parse_stored

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ATTEMPTS = 10


class Signature(BaseModel):
    """One publisher's word that a manifest is what was published under a release's id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(description="Fingerprint of the public key, as ssh-keygen -l prints it.")
    public_key: str = Field(description="The public key as OpenSSH writes it.", max_length=200)
    algorithm: Literal["ed25519"] = Field(description="How it was signed.")
    signature: str = Field(description="The signature in base64.", max_length=200)


class Signatures(BaseModel):
    """All signatures of a release; several, so that a key can be replaced."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    signatures: tuple[Signature, ...] = Field(description="In the order in which they were made.", max_length=1000)


@dataclass(frozen=True)
class Signer:
    """Whose signature of a release holds.

    Attributes:
        key: Fingerprint of the public key.
        comment: What stands beside it among the trusted keys.
        is_trusted: Whether it is one of them; None where no keys are named.
    """

    key: str
    comment: str
    is_trusted: bool | None

    def __str__(self) -> str:
        trust = {True: "trusted", False: "not trusted here", None: f"{TRUSTED_KEYS} is not set"}[self.is_trusted]
        return f"{self.key} ({', '.join(part for part in (self.comment, trust) if part)})"


def signers_of(store: Store, manifest: Manifest) -> tuple[Signer, ...]:
    """Return whose signatures of a release hold; none where the file of signatures can't be read."""
    try:
        there = read_signatures(store, manifest.release)[0]
        digest = stored_sha256(store, manifest) if there else ""
    except (CorruptObjectError, NewerObjectError):
        return ()
    return whose(there, manifest.release, digest)


def whose(signatures: Iterable[Signature], release: str, manifest_sha256: str) -> tuple[Signer, ...]:
    """Return who signed a release's manifest: the signatures that hold."""
    trusted, statement = trusted_keys(), _statement(release, manifest_sha256)
    valid = dict.fromkeys(one.key for one in signatures if _holds(one, statement))
    return tuple(
        Signer(key, "" if trusted is None else trusted.get(key, ""), None if trusted is None else key in trusted)
        for key in valid
    )


def read_signatures(store: Store, release: str) -> tuple[tuple[Signature, ...], str | None]:
    """Return the signatures of a release, whether they hold or not, and the version of their file, if there is one.

    Raises:
        CorruptObjectError: the file is not what was written.
        NewerObjectError: a newer aepipe wrote it.
    """
    found = store.get_versioned(_key(release))
    if found is None:
        return (), None
    way_out = "Remove the file, and sign the release again: aepipe releases sign."
    return parse_stored(found.data, Signatures, _key(release), way_out).signatures, found.version


def describe_signers(signers: tuple[Signer, ...]) -> str:
    """Return "signed by ...", or "not signed"."""
    return f"signed by {', '.join(map(str, signers))}" if signers else "not signed"


def require_trusted(store: Store, manifest: Manifest) -> None:
    """Check that a trusted key signed a release; without $AEPIPE_TRUSTED_KEYS all are taken.

    Raises:
        UntrustedReleaseError: none did.
    """
    if trusted_keys() is None:
        return
    signers = signers_of(store, manifest)
    if not any(signer.is_trusted for signer in signers):
        raise UntrustedReleaseError(
            f"A release must be signed by a key that {TRUSTED_KEYS} names.",
            f"Where its bytes are known to be right: aepipe releases sign {manifest.release} --store {store.url}",
            release=manifest.release,
            signed_by=[signer.key for signer in signers],
        )


def find_distrust(store: Store, manifest: Manifest) -> list[Fault]:
    """Return what is wrong about a release's signatures, for whoever lists problems."""
    try:
        read_signatures(store, manifest.release)
        require_trusted(store, manifest)
    except (UntrustedReleaseError, CorruptObjectError, NewerObjectError) as error:
        return [Fault(_key(manifest.release), error.problem)]
    return []


def require_able_to_sign(store: Store, channel: str) -> None:
    """Check, before anything is trained for it, that what a run publishes to a channel can be trusted.

    Raises:
        ParameterError: the keys can't be read, or keys are trusted and the publisher has none of them.
        UntrustedReleaseError: what the channel has now is not signed by one of them.
    """
    trusted, key = trusted_keys(), signing_key()
    if trusted is None:
        return
    mine = None if key is None else fingerprint(key.public_key())
    if mine not in trusted:
        raise ParameterError(
            f"Where {TRUSTED_KEYS} is set, a publisher signs with one of these keys.",
            f"Set {SIGNING_KEY} to the private key of one.",
            signing_key=mine,
            trusted=list(trusted),
        )
    base = read_channel(store, channel)
    if base is not None:
        require_trusted(store, read_manifest(store, base.release, base.current.manifest_sha256))


def sign_new(store: Store, release: str, manifest_sha256: str) -> None:
    """Sign a manifest that is about to be written, where $AEPIPE_SIGNING_KEY is set."""
    key = signing_key()
    if key is not None:
        _add(store, release, manifest_sha256, key)


def sign_release(store: Store, name: str) -> Manifest:
    """Sign a release that is there, after every byte of it was held against its manifest.

    Args:
        store: Where it is.
        name: Its id, or a channel's name.

    Raises:
        ParameterError: there is no key to sign with.
        CorruptObjectError: a byte of the release is not what its manifest says.
    """
    key = signing_key()
    if key is None:
        raise ParameterError(f"Signing takes a key: {SIGNING_KEY} names or is one.", release=name)
    manifest = resolve_release(store, name)
    require_intact(store, manifest, full=True)
    note_change(store, manifest.release)
    _add(store, manifest.release, stored_sha256(store, manifest), key)
    return manifest


def _add(store: Store, release: str, manifest_sha256: str, key: "Ed25519PrivateKey") -> None:
    statement, public = _statement(release, manifest_sha256), key.public_key()
    mine = Signature(
        key=fingerprint(public),
        public_key=public_text(public),
        algorithm="ed25519",
        signature=base64.b64encode(key.sign(statement)).decode(),
    )
    for _ in range(ATTEMPTS):
        there, version = read_signatures(store, release)
        if mine in there:
            return
        data = canonical_json(Signatures(signatures=(*there, mine)).model_dump(mode="json"))
        try:
            return store.swap(_key(release), data, version)
        except ConflictError:
            continue
    raise ConflictError("Others kept signing the release.", "Run again.", release=release)


def _statement(release: str, manifest_sha256: str) -> bytes:
    # Names what it is, so that no signature of anything else can stand in for it.
    return f"aepipe release\n{release}\n{manifest_sha256}\n".encode()


def _holds(signature: Signature, statement: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    public = load_public(signature.public_key)
    if public is None or fingerprint(public) != signature.key:
        return False
    try:
        public.verify(base64.b64decode(signature.signature, validate=True), statement)
    except (InvalidSignature, binascii.Error):
        return False
    return True


def _key(release: str) -> str:
    return f"releases/{release}/{SIGNATURES}"
