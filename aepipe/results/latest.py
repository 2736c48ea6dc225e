"""The latest results of each model and kind: one object that writers swap, so that they come one after another.

It holds a manifest, and swapping it is what completes results: whoever comes next, a writer or a reader, takes them for
complete from then on, and a writer puts their manifest where it belongs before its own. So a writer that looks at all
results before it swaps has seen everything that came before its own, wherever another was killed.
"""

from dataclasses import dataclass

from aepipe.errors import ConflictError
from aepipe.results.manifest import Kind, ResultsManifest, latest_key, manifest_bytes, manifest_key
from aepipe.store.interface import Store
from aepipe.store.parsing import parse_stored


@dataclass(frozen=True)
class Latest:
    """The results that came last, as far as one writer knows; None where there were none."""

    manifest: ResultsManifest | None
    version: str | None


def read_latest(store: Store, model: str, kind: Kind) -> Latest:
    """Return the latest results of a model and kind.

    Raises:
        CorruptObjectError: what says so is damaged.
    """
    key = latest_key(model, kind)
    found = store.get_versioned(key)
    if found is None:
        return Latest(None, None)
    return Latest(parse_stored(found.data, ResultsManifest, key), found.version)


def complete_latest(store: Store, latest: Latest) -> None:
    """Put the manifest of the latest results where it belongs, if whoever wrote them did not live to do so."""
    found = latest.manifest
    if found is not None and not store.exists(manifest_key(found.model, found.run)):
        put_manifest(store, found)


def put_manifest(store: Store, manifest: ResultsManifest) -> None:
    """Write the manifest of results that are complete."""
    store.create(manifest_key(manifest.model, manifest.run), manifest_bytes(manifest))


def make_latest(store: Store, manifest: ResultsManifest, latest: Latest) -> bool:
    """Complete results; False where others came meanwhile, and nothing was done.

    Args:
        store: Where their files are.
        manifest: Theirs.
        latest: The results that came before, as they were read.
    """
    try:
        store.swap(latest_key(manifest.model, manifest.kind), manifest_bytes(manifest), latest.version)
    except ConflictError:
        return False
    put_manifest(store, manifest)
    return True
