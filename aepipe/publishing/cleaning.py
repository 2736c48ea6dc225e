"""Cleaning: everything that grows with each run is bounded, kind by kind, and nothing that anybody still needs goes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from aepipe.publishing.upkeep import prune
from aepipe.releases.prune import HOUR_SECONDS
from aepipe.releases.prune_data import PrunedObject, plan_blocks, plan_indices, remove
from aepipe.results.prune import plan_digests, plan_results, remove_results
from aepipe.store.cached_objects import find_unused, remove_unused
from aepipe.store.interface import Store

DAY_HOURS = 24


class CleanSettings(BaseModel):
    """What stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: int = Field(10, ge=0, description="How many of the latest stay, beside what channels name.")
    grace_hours: float = Field(24, ge=0, description="Nothing younger goes: a run may be at work with it.")
    days: float = Field(
        30, ge=0, description="So long results stay, and checkpoints, curves and what was fetched after their last use."
    )


@dataclass(frozen=True)
class Cleaned:
    """What went of one kind, or would go.

    Attributes:
        kind: What it is, in words.
        number: How many.
        size: Bytes in all; None where nobody knows.
    """

    kind: str
    number: int
    size: int | None

    def __str__(self) -> str:
        return f"{self.number}" if self.size is None else f"{self.number} ({self.size:,} bytes)"


def describe_cleaned(done: Iterable[Cleaned], was_done: bool) -> str:
    """Return one line about all kinds."""
    found = [f"{cleaned.kind} {cleaned}" for cleaned in done if cleaned.number]
    if not found:
        return "Nothing is there that nothing needs."
    return f"{'Removed' if was_done else 'Would be removed'}: {', '.join(found)}."


def clean_store(store: Store, settings: CleanSettings, delete: bool) -> list[Cleaned]:
    """Remove from a store what nothing needs any more.

    It is safe beside runs: what they use is young, or becomes so when they begin to use it.

    Args:
        store: Where all is.
        settings: What stays.
        delete: Remove it; otherwise it is only counted.

    Raises:
        CorruptObjectError, NewerObjectError: a channel or an index can't be read; nothing that it may name is lost.
    """
    grace = settings.grace_hours
    done = prune(store, settings.keep, grace, delete)
    prefixes = [f"releases/{release.release}/" for release in done.releases]
    prefixes += [f"{stage.prefix}/" for stage in done.stages]
    indices = plan_indices(store, settings.keep, grace)
    blocks = plan_blocks(store, [*prefixes, *(index.key for index in indices)], grace)
    days = max(settings.days * DAY_HOURS, grace)
    checkpoints, curves = (list(_older(store, prefix, days)) for prefix in ("checkpoints/", "curves/"))
    results = plan_results(store, settings.keep, settings.days * DAY_HOURS, grace)
    digests = [PrunedObject(info.key, info.size) for info in plan_digests(store)]
    if delete:
        remove(store, [*indices, *blocks, *checkpoints, *curves, *digests])
        results = list(remove_results(store, results))
    return [
        Cleaned("releases", len(done.releases), sum(release.size for release in done.releases)),
        Cleaned("results of stages", len(done.stages), done.stage_bytes),
        _cleaned("indices", indices),
        _cleaned("blocks", blocks),
        _cleaned("checkpoints", checkpoints),
        _cleaned("files of curves", curves),
        Cleaned("results of models in use", len(results), sum(pruned.size for pruned in results)),
        _cleaned("digests of such results", digests),
        Cleaned("unfinished uploads", done.num_uploads, None),
    ]


def clean_cache(settings: CleanSettings, delete: bool) -> Cleaned:
    """Remove from this machine's cache what was fetched from stores and not used for long, with locks that are left."""
    unused = find_unused(settings.days)
    if delete:
        remove_unused(unused, settings.days)
    return Cleaned("objects in this machine's cache", len(unused), sum(unused.values()))


def _older(store: Store, prefix: str, hours: float) -> Iterator[PrunedObject]:
    youngest = store.clock() - hours * HOUR_SECONDS
    yield from (PrunedObject(info.key, info.size) for info in store.list(prefix) if info.modified < youngest)


def _cleaned(kind: str, objects: Iterable[PrunedObject]) -> Cleaned:
    sizes = [pruned.size for pruned in objects]
    return Cleaned(kind, len(sizes), sum(sizes))
