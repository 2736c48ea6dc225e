"""Checks of signatures: this machine's keys, and whether what channels name is signed by a trusted one."""

from collections.abc import Iterator

from aepipe.deploy.doctor.finding import Finding, failure
from aepipe.errors import AepipeError, ParameterError, UntrustedReleaseError
from aepipe.releases.channels import survey_channels
from aepipe.releases.keys import SIGNING_KEY, TRUSTED_KEYS, fingerprint, signing_key, trusted_keys
from aepipe.releases.manifest import read_manifest
from aepipe.releases.signatures import require_trusted
from aepipe.store import open_store

SUBJECT = "signing keys"


def check_keys(url: str) -> Iterator[Finding]:
    """Read the keys that the environment names, and look who signed what each channel of a store names.

    Args:
        url: The store's.
    """
    try:
        key, trusted = signing_key(), trusted_keys()
    except ParameterError as error:
        yield failure(SUBJECT, error)
        return
    mine = None if key is None else fingerprint(key.public_key())
    yield judge_keys(mine, trusted)
    if trusted is not None:
        yield from _untrusted_channels(url)


def judge_keys(mine: str | None, trusted: dict[str, str] | None) -> Finding:
    """Judge the fingerprint of the key that signs here beside those that are trusted."""
    if trusted is None:
        signs = "releases are not signed" if mine is None else f"{mine} signs; every release is taken, signed or not"
        return Finding("ok", SUBJECT, signs)
    if mine in trusted:
        return Finding("ok", SUBJECT, f"{mine} signs, and is trusted")
    way_out = f"Where runs of this machine publish, set {SIGNING_KEY} to the private key of one."
    if mine is None:
        return Finding("warning", SUBJECT, f"{len(trusted)} trusted, none signs: only reading works here", way_out)
    return Finding("broken", SUBJECT, f"{mine} signs, which is none of the {len(trusted)} of {TRUSTED_KEYS}", way_out)


def _untrusted_channels(url: str) -> Iterator[Finding]:
    try:
        store = open_store(url)
        channels = survey_channels(store).channels
    except AepipeError:
        # The store's own check tells.
        return
    for name, channel in channels.items():
        try:
            require_trusted(store, read_manifest(store, channel.release, channel.current.manifest_sha256))
        except UntrustedReleaseError as error:
            yield failure(f"signature of channel {name}", error)
        except AepipeError:
            # What else is wrong with the release, the check of channels tells.
            continue
