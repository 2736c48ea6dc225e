"""Upkeep of a store: what adds a release, moves a channel or removes something, each with the page over all releases.

Everything here writes index.html anew after what it has done; who calls it need not think of that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue

from aepipe.checks.facts import Checked
from aepipe.gate.settings import PublishSettings
from aepipe.pages.index import refresh_index
from aepipe.publishing import promotion
from aepipe.publishing.move import Move, latest_move
from aepipe.publishing.publish import publish_release
from aepipe.publishing.published import Published, Run
from aepipe.releases import removal
from aepipe.releases.channel import Channel, Missing
from aepipe.releases.manifest import Manifest
from aepipe.releases.prune import HOUR_SECONDS, Pruned, plan_prune
from aepipe.releases.prune import prune as remove_releases
from aepipe.releases.prune_stages import PrunedStage, plan_stages, prune_stages
from aepipe.stages.baselines import fingerprint_of_baselines
from aepipe.stages.outcome import Outcome
from aepipe.store.interface import Store

# Stages whose results nothing else is made of, and that people read.
FOR_THEIR_OWN_SAKE = ("search", "sweep")


@dataclass(frozen=True)
class Moved:
    """A channel after it was moved.

    Attributes:
        name: Its name.
        channel: What it names now, and named before.
        change: What that means for its readers; None where one of the two releases can't be read.
    """

    name: str
    channel: Channel
    change: Move | None


@dataclass(frozen=True)
class Pruning:
    """What was removed, or would be.

    Attributes:
        releases: Releases, and what killed publishers left, the oldest first.
        stages: Results of stages that no kept release is made of.
        num_uploads: Unfinished uploads that were ended.
        was_done: It was removed; otherwise it is only named.
    """

    releases: tuple[Pruned, ...]
    stages: tuple[PrunedStage, ...]
    num_uploads: int
    was_done: bool

    @property
    def stage_bytes(self) -> int:
        """Bytes of the stages' results in all."""
        return sum(stage.size for stage in self.stages)


def publish(
    store: Store,
    outcomes: Sequence[Outcome],
    run: Run,
    settings: PublishSettings,
    store_facts: Mapping[str, JsonValue],
    on_file: Callable[[str], None],
    checked: Sequence[Checked] = (),
) -> tuple[Published, str | None]:
    """Publish what a run came to, as `publish_release` says; the page's address comes with it where it was written."""
    published = publish_release(store, outcomes, run, settings, store_facts, on_file, checked)
    return published, None if published.is_unchanged else refresh_index(store)


def promote(
    store: Store,
    channel: str,
    name: str,
    why: str,
    by: str | None = None,
    force: bool = False,
    missing: Missing = "refuse",
) -> Moved:
    """Give a channel a release, under the rules of `promotion.promote`."""
    return _moved(store, channel, promotion.promote(store, channel, name, why, by, force, missing))


def rollback(store: Store, channel: str, why: str, by: str | None = None) -> Moved:
    """Give a channel the release that it named before, under the rules of `promotion.rollback`."""
    return _moved(store, channel, promotion.rollback(store, channel, why, by))


def remove_channel(store: Store, channel: str, why: str, by: str | None = None, force: bool = False) -> str:
    """Remove a channel, under the rules of `removal.remove_channel`, and return the key of its record."""
    record = removal.remove_channel(store, channel, why, by, force)
    refresh_index(store)
    return record


def prune(store: Store, keep: int, grace_hours: float, delete: bool) -> Pruning:
    """Remove old releases, what killed publishers left, results of stages that no release needs, unfinished uploads.

    Args:
        store: Where all is.
        keep: How many of the latest releases stay, beside those that channels name or would go back to.
        grace_hours: Nothing younger goes.
        delete: Remove it; otherwise it is only named.

    Raises:
        CorruptObjectError, NewerObjectError: a channel can't be read; nothing that it may name is lost.
    """
    found = tuple(plan_prune(store, keep, grace_hours))
    if delete:
        found = tuple(remove_releases(store, found))
    going = [pruned.release for pruned in found]
    results = tuple(plan_stages(store, going, grace_hours, FOR_THEIR_OWN_SAKE, partial(_baselines_of, store)))
    if not delete:
        return Pruning(found, results, num_uploads=0, was_done=False)
    results = tuple(prune_stages(store, results))
    num_uploads = store.abort_stale_uploads(grace_hours * HOUR_SECONDS)
    refresh_index(store)
    return Pruning(found, results, num_uploads, was_done=True)


def _baselines_of(store: Store, manifest: Manifest) -> Iterator[str]:
    for recipe, lineage in manifest.lineage.items():
        yield from fingerprint_of_baselines(store, lineage, manifest.recipes[recipe].code_size)


def _moved(store: Store, name: str, channel: Channel) -> Moved:
    refresh_index(store)
    return Moved(name, channel, latest_move(store, channel))
