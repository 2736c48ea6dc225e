"""Releases that are there already: what is equal is published once, and told once."""

from aepipe.errors import CorruptObjectError, NewerObjectError, ObjectNotFoundError
from aepipe.gate.decision import parse_decision
from aepipe.gate.verdicts import Verdict
from aepipe.releases.channels import CANDIDATE, read_channel
from aepipe.releases.manifest import Manifest, list_releases
from aepipe.releases.signatures import find_distrust
from aepipe.store.interface import Store


def find_equal(store: Store, content: str) -> Manifest | None:
    """Return the kept release of a run that came to the same: the candidate where it is one, else the latest.

    Args:
        store: Where the releases are.
        content: Digest of what the run came to.
    """
    # A release that was composed for a channel has the content of its candidate, and others' models.
    same = [m for m in list_releases(store) if m.content == content and m.release == m.candidate]
    # One that is not to be trusted is published anew, and signed.
    equal = [manifest for manifest in same if not find_distrust(store, manifest)]
    candidate = read_channel(store, CANDIDATE)
    named = [manifest for manifest in equal if candidate is not None and manifest.release == candidate.release]
    return next(iter(named or equal), None)


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
