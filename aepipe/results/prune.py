"""Results that nothing needs any more: those of long ago, and what killed runs left of some."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aepipe.errors import CorruptObjectError, ObjectNotFoundError
from aepipe.releases.manifest import is_complete
from aepipe.results.known import keep_digests
from aepipe.results.manifest import KNOWN, RESULTS, ResultsManifest, manifest_key
from aepipe.results.reading import latest_results, list_results
from aepipe.store.interface import ObjectInfo, Store
from aepipe.store.names import is_release_id

HOUR_SECONDS = 3600
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PrunedResults:
    """Results that go, or what a killed run left of some.

    Attributes:
        infos: Their objects.
        manifest: What they are; None where they were never completed.
    """

    infos: tuple[ObjectInfo, ...]
    manifest: ResultsManifest | None = None

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(info.size for info in self.infos)


def plan_results(store: Store, keep: int, hours: float, grace_hours: float) -> list[PrunedResults]:
    """Return what may go; what can't be read stays.

    Args:
        store: Where the results are.
        keep: So many of the latest of each model and kind stay; one always does.
        hours: No complete ones go that are younger.
        grace_hours: Nothing goes that is younger: a run may be at work with it.
    """
    manifests, objects = list_results(store), _by_run(store)
    kept = _kept(store, manifests, max(1, keep))
    complete = {(manifest.model, manifest.run): manifest for manifest in manifests}
    now, found = store.clock(), list[PrunedResults]()
    for (model, run), infos in objects.items():
        age_hours = (now - max(info.modified for info in infos)) / HOUR_SECONDS
        manifest = complete.get((model, run))
        is_unread = manifest is None and any(info.key == manifest_key(model, run) for info in infos)
        least = grace_hours if manifest is None else max(hours, grace_hours)
        if (model, run) not in kept and not is_unread and age_hours >= least:
            found.append(PrunedResults(tuple(infos), manifest))
    return found


def plan_digests(store: Store) -> list[ObjectInfo]:
    """Return the tables of digests of releases that are gone."""
    keys = {info: info.key.split("/") for info in store.list(f"{RESULTS}/")}
    tables = {
        info: parts[4].removesuffix(".parquet") for info, parts in keys.items() if len(parts) == 5 and parts[2] == KNOWN
    }
    gone = {release for release in set(tables.values()) if not is_complete(store, release)}
    return [info for info, release in tables.items() if release in gone]


def remove_results(store: Store, planned: Iterable[PrunedResults]) -> Iterator[PrunedResults]:
    """Remove what was planned; the digests of pictures stay, and the manifest goes before the files."""
    for pruned in planned:
        manifest = pruned.manifest
        if manifest is not None:
            try:
                keep_digests(store, manifest)
            except (CorruptObjectError, ObjectNotFoundError) as error:
                logger.warning("Results stay, as nobody knows which pictures they have: %s", error)
                continue
            store.delete(manifest_key(manifest.model, manifest.run))
        store.delete_many(info.key for info in pruned.infos)
        yield pruned


def _kept(store: Store, manifests: Iterable[ResultsManifest], keep: int) -> set[tuple[str, str]]:
    """Return model and id of the latest results of each model and kind, and of those that were completed last."""
    groups = defaultdict(list)
    for manifest in manifests:
        groups[manifest.model, manifest.kind].append((manifest.model, manifest.run))
    kept = {one for group in groups.values() for one in group[:keep]}
    models = {model for model, _ in groups}
    return kept | {(model, manifest.run) for model in models for manifest in latest_results(store, model)}


def _by_run(store: Store) -> dict[tuple[str, str], list[ObjectInfo]]:
    found = defaultdict(list)
    for info in store.list(f"{RESULTS}/"):
        parts = info.key.split("/")
        if len(parts) > 3 and is_release_id(parts[2]):
            found[parts[1], parts[2]].append(info)
    return found
