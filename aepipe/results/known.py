"""Digests of pictures that results have, of a release's model: of results that are there, and of some that are gone."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field

from aepipe.errors import ConflictError, CorruptObjectError, ObjectNotFoundError
from aepipe.results.manifest import Kind, ResultsManifest, known_key, manifest_key
from aepipe.results.reading import list_results, read_table
from aepipe.store.interface import Store


@dataclass(frozen=True)
class Known:
    """What earlier results have.

    Attributes:
        digests: Of pictures, and of files that none could be read from.
        runs: The results that were looked at.
    """

    digests: frozenset[str] = field(default_factory=frozenset)
    runs: frozenset[str] = field(default_factory=frozenset)


def known_digests(store: Store, model: str, release: str, kind: Kind) -> frozenset[str]:
    """Return the digests that results of this kind have, by this model of this release.

    Raises:
        CorruptObjectError: a table has other bytes than its manifest says.
    """
    return find_known(store, model, release, kind).digests


def find_known(store: Store, model: str, release: str, kind: Kind, before: Known = Known()) -> Known:
    """Return what results have by now; of those that were looked at before nothing is read again."""
    new = [found for found in list_results(store, model, kind, before.runs) if found.release == release]
    digests = {digest for manifest in new for digest in _digests_of(store, manifest)}
    # After the others: what went meanwhile left its digests here first.
    gone, _ = _read_gone(store, known_key(model, kind, release))
    return Known(before.digests | digests | gone, before.runs | {manifest.run for manifest in new})


def keep_digests(store: Store, manifest: ResultsManifest) -> None:
    """Let the digests of results outlive them."""
    key = known_key(manifest.model, manifest.kind, manifest.release)
    digests = _digests_of(store, manifest)
    while True:
        gone, version = _read_gone(store, key)
        if digests <= gone:
            return
        try:
            store.swap(key, _as_parquet(gone | digests), version)
        except ConflictError:
            continue
        return


def _digests_of(store: Store, manifest: ResultsManifest) -> frozenset[str]:
    if manifest.inputs_sha256 is None:
        return frozenset()
    try:
        column = read_table(store, manifest, ["digest"])["digest"]
    except (CorruptObjectError, ObjectNotFoundError):
        if store.exists(manifest_key(manifest.model, manifest.run)):
            raise
        # The results went meanwhile.
        return frozenset()
    return frozenset(digest for digest in column if isinstance(digest, str))


def _read_gone(store: Store, key: str) -> tuple[frozenset[str], str | None]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = store.get_versioned(key)
    if found is None:
        return frozenset(), None
    try:
        return frozenset(pq.read_table(io.BytesIO(found.data))["digest"].to_pylist()), found.version
    except (pa.ArrowException, KeyError) as error:
        raise CorruptObjectError(
            "A table of digests must be what was written.",
            "Restore it from a backup, or remove it: what results had that are gone is then taken for new.",
            key=key,
        ) from error


def _as_parquet(digests: Iterable[str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table({"digest": pa.array(sorted(digests), pa.string())}), buffer, compression="zstd")
    return buffer.getvalue()
