"""Results of stages that nothing needs any more: no release that is kept is made of them, and none is young."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from aepipe.releases.manifest import Manifest, survey_releases
from aepipe.releases.prune import HOUR_SECONDS
from aepipe.store.interface import ObjectInfo, Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PrunedStage:
    """A stage's result that goes, or what a killed run left of one.

    Attributes:
        prefix: Where it lies.
        keys: Its objects.
        size: Bytes in all.
        modified: When the last of them was written, by the store's clock.
        age_hours: Hours since then.
    """

    prefix: str
    keys: tuple[str, ...]
    size: int
    modified: float
    age_hours: float


def plan_stages(
    store: Store,
    going: Iterable[str],
    grace_hours: float,
    spared: Collection[str] = (),
    needed_by: Callable[[Manifest], Iterable[str]] = lambda _: (),
) -> list[PrunedStage]:
    """Return what may go.

    Args:
        store: Where the results are.
        going: Ids of the releases that go.
        grace_hours: Nothing younger goes: a run may be at work with it.
        spared: Stages whose results are there for their own sake, as those of searches and sweeps.
        needed_by: Fingerprints that a release needs beside those that it is made of.
    """
    manifests, unreadable = survey_releases(store)
    going = set(going)
    if unreadable.keys() - going:
        names = ", ".join(sorted(unreadable.keys() - going))
        logger.warning("No stage's result may go, as nobody knows what these releases are made of: %s", names)
        return []
    kept = [manifest for manifest in manifests if manifest.release not in going]
    needed = {name for manifest in kept for stages in manifest.lineage.values() for name in stages.values()}
    needed |= {name for manifest in kept for name in needed_by(manifest)}
    now = store.clock()
    planned = (_pruned(prefix, infos, now) for prefix, infos in _by_result(store.list("stages/"), spared).items())
    return [stage for stage in planned if stage.prefix.split("/")[2] not in needed and stage.age_hours >= grace_hours]


def prune_stages(store: Store, planned: Iterable[PrunedStage]) -> Iterator[PrunedStage]:
    """Remove what was planned and no run has used since, the manifests first: without one there is no result."""
    for stage in planned:
        if any(info.modified > stage.modified for info in store.list(f"{stage.prefix}/")):
            continue
        store.delete(f"{stage.prefix}/manifest.json")
        store.delete_many(stage.keys)
        yield stage


def _by_result(infos: Iterable[ObjectInfo], spared: Collection[str]) -> dict[str, list[ObjectInfo]]:
    found: dict[str, list[ObjectInfo]] = {}
    for info in infos:
        parts = info.key.split("/")
        if len(parts) > 3 and parts[1] not in spared:
            found.setdefault("/".join(parts[:3]), []).append(info)
    return found


def _pruned(prefix: str, infos: list[ObjectInfo], now: float) -> PrunedStage:
    modified = max(info.modified for info in infos)
    return PrunedStage(
        prefix=prefix,
        keys=tuple(info.key for info in infos),
        size=sum(info.size for info in infos),
        modified=modified,
        age_hours=max(0.0, now - modified) / HOUR_SECONDS,
    )
