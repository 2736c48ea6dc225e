"""Results, found and read: those of one run, and of all runs of a model."""

import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from aepipe.errors import CorruptObjectError, NewerObjectError, ObjectNotFoundError
from aepipe.results.latest import read_latest
from aepipe.results.manifest import (
    LATEST,
    MANIFEST,
    RESULTS,
    TABLES,
    Kind,
    ResultsManifest,
    manifest_key,
    run_prefix,
)
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file
from aepipe.store.names import is_release_id
from aepipe.store.parsing import parse_stored
from aepipe.store.refs import Ref

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)


def list_results(
    store: Store, model: str | None = None, kind: Kind | None = None, besides: Collection[str] = ()
) -> list[ResultsManifest]:
    """Return the manifests of complete results, the latest first; one that can't be read is named in a warning.

    Args:
        store: Where they are.
        model: Only this model's.
        kind: Only those of this kind.
        besides: Runs that are not asked for; nothing is read of them.
    """
    found = _read_documents(store, _documents(store, model), besides)
    return [manifest for manifest in found if kind in (None, manifest.kind) and manifest.run not in besides]


def list_runs(store: Store, model: str) -> list[str]:
    """Return the ids of a model's complete results of every kind, the latest first; nothing of them is read."""
    runs = {_run_of(info.key) for info in store.list(f"{RESULTS}/{model}/")}
    return sorted((run for run in runs if run is not None), reverse=True)


def latest_results(store: Store, model: str) -> list[ResultsManifest]:
    """Return a model's latest results of each kind, the latest first; those that were removed are left out."""
    keys = [info.key for info in store.list(f"{RESULTS}/{model}/{LATEST}/") if _kind_of(info.key)]
    found = _read_documents(store, keys)
    return [manifest for manifest in found if store.exists(manifest_key(model, manifest.run))]


def read_results(store: Store, model: str, run: str) -> ResultsManifest:
    """Return the manifest of one run's results.

    Raises:
        ObjectNotFoundError: there are none, or they were never completed.
        CorruptObjectError: the manifest is damaged, or another run's.
        NewerObjectError: a newer aepipe wrote it.
    """
    key = manifest_key(model, run)
    manifest = parse_stored(store.get(key), ResultsManifest, key)
    if (manifest.model, manifest.run) != (model, run):
        raise CorruptObjectError(
            "A manifest must lie under the id of its results.",
            "Restore it from a backup, or remove them.",
            key=key,
            model=manifest.model,
            run=manifest.run,
        )
    return manifest


def read_table(store: Store, manifest: ResultsManifest, columns: Sequence[str] | None = None) -> "pd.DataFrame":
    """Return the table of results: a row for each picture, and for each file that none could be read from.

    Args:
        store: Where they are.
        manifest: Theirs.
        columns: Only these.

    Raises:
        ObjectNotFoundError: the table is gone.
        CorruptObjectError: it has other bytes than the manifest says.
    """
    import pandas as pd

    return pd.read_parquet(table_file(store, manifest), columns=None if columns is None else list(columns))


def table_file(store: Store, manifest: ResultsManifest) -> Path:
    """Return the Parquet file of that table on this machine.

    Raises:
        ObjectNotFoundError: the table is gone.
        CorruptObjectError: it has other bytes than the manifest says.
    """
    file = next(file for file in manifest.files if file.path == TABLES[manifest.kind])
    uri = f"{store.url}/{run_prefix(manifest.model, manifest.run)}{file.path}"
    return local_file(store, Ref(uri=uri, sha256=file.sha256, size=file.size, kind="table"))


def _documents(store: Store, model: str | None) -> list[str]:
    """Return the keys of manifests, and of what says which came last."""
    prefix = f"{RESULTS}/{model}/" if model else f"{RESULTS}/"
    return [info.key for info in store.list(prefix) if _run_of(info.key) or _kind_of(info.key)]


def _read_documents(store: Store, keys: Sequence[str], besides: Collection[str] = ()) -> list[ResultsManifest]:
    """Return the manifests of these keys, the latest first; one that can't be read is named in a warning."""
    found: dict[tuple[str, str], ResultsManifest] = {}
    for key in keys:
        try:
            manifest = _read_document(store, key, besides)
        except ObjectNotFoundError:
            # It was removed meanwhile.
            continue
        except (CorruptObjectError, NewerObjectError) as error:
            logger.warning("Results are passed over: %s", error)
            continue
        if manifest is not None:
            found[manifest.model, manifest.run] = manifest
    return sorted(found.values(), key=lambda manifest: manifest.run, reverse=True)


def _read_document(store: Store, key: str, besides: Collection[str]) -> ResultsManifest | None:
    model, kind, run = key.split("/")[1], _kind_of(key), _run_of(key)
    if kind is not None:
        # Complete, also where its writer was killed before its own manifest.
        return read_latest(store, model, kind).manifest
    return None if run is None or run in besides else read_results(store, model, run)


def _run_of(key: str) -> str | None:
    parts = key.split("/")
    return parts[2] if len(parts) == 4 and parts[3] == MANIFEST and is_release_id(parts[2]) else None


def _kind_of(key: str) -> Kind | None:
    parts = key.split("/")
    if len(parts) != 4 or parts[2] != LATEST:
        return None
    return next((kind for kind in get_args(Kind) if parts[3] == f"{kind}.json"), None)
