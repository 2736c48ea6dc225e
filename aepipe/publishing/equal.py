"""Releases that are there already: what is equal is published once, and told once."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from aepipe.errors import CorruptObjectError, NewerObjectError, ObjectNotFoundError
from aepipe.gate.decision import parse_decision
from aepipe.gate.verdicts import Verdict
from aepipe.releases.channels import CANDIDATE, read_channel
from aepipe.releases.listing import ListedRelease, listed_releases
from aepipe.releases.manifest import Manifest, read_manifest
from aepipe.releases.signatures import find_distrust
from aepipe.store.interface import Store


def find_equal(store: Store, content: str) -> Manifest | None:
    """Return the kept release of a run that came to the same: the candidate where it is one, else the latest.

    Args:
        store: Where the releases are.
        content: Digest of what the run came to.
    """
    same = [one.release for one in _written_by_runs(store) if one.content == content]
    # One that is not to be trusted is published anew, and signed.
    equal = [manifest for manifest in _manifests(store, same) if not find_distrust(store, manifest)]
    candidate = read_channel(store, CANDIDATE)
    named = [manifest for manifest in equal if candidate is not None and manifest.release == candidate.release]
    return next(iter(named or equal), None)


def find_latest(store: Store, models: Collection[str]) -> Manifest | None:
    """Return the latest release of exactly these models that a run wrote; None where there is none."""
    same = [one.release for one in _written_by_runs(store) if set(one.recipes) == set(models)]
    return next(_manifests(store, same), None)


def _written_by_runs(store: Store) -> list[ListedRelease]:
    # A release that was composed for a channel has the content of its candidate, and others' models.
    return [one for one in listed_releases(store) if one.release == one.candidate]


def _manifests(store: Store, releases: Iterable[str]) -> Iterator[Manifest]:
    """Yield the manifests themselves; one that was damaged or removed meanwhile counts for nothing."""
    for release in releases:
        with suppress(ObjectNotFoundError, CorruptObjectError, NewerObjectError):
            yield read_manifest(store, release)


def is_settled(store: Store, manifest: Manifest, channel: str) -> bool:
    """Tell whether a release that is published again would be what it is: the latest, and as far as it can come.

    Args:
        store: Where the release is.
        manifest: The release.
        channel: The channel that its models would be promoted to.
    """
    if find_latest(store, manifest.recipes) != manifest:
        return False
    now = read_channel(store, channel)
    if now is not None and now.has_had(manifest.release):
        return True
    if any(verdict.passes for verdict in read_verdicts(store, manifest.release)):
        # It was killed before it came into the channel.
        return False
    judged = datetime.fromisoformat(manifest.created) + timedelta(seconds=manifest.seconds)
    # A channel's time is in whole seconds.
    return now is None or datetime.fromisoformat(now.current.at) + timedelta(seconds=1) <= judged


def read_verdicts(store: Store, release: str) -> tuple[Verdict, ...]:
    """Return what the gate decided when a release was written."""
    key = f"releases/{release}/decision.json"
    return parse_decision(store.get(key), key)


def held_by_others(store: Store, manifest: Manifest, flow_run: str) -> tuple[str, ...]:
    """Return the models of a release that were held when another run wrote it, and told people so."""
    if manifest.flow_run == flow_run:
        return ()
    try:
        verdicts = read_verdicts(store, manifest.release)
    # What nobody can read is told again.
    except (ObjectNotFoundError, CorruptObjectError, NewerObjectError):
        return ()
    return tuple(verdict.model for verdict in verdicts if verdict.verdict == "held")
