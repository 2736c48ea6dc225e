"""Releases that may go: none that a channel names or would go back to, none of the latest, none that is young."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from aepipe.errors import NewerObjectError, StoreError, printable
from aepipe.releases.changed import note_change
from aepipe.releases.channels import named_releases, survey_channels
from aepipe.releases.manifest import Manifest, manifest_key, survey_releases, with_models
from aepipe.store.interface import ObjectInfo, Store
from aepipe.store.names import is_release_id

HOUR_SECONDS = 3600
# A prune that goes on takes seconds between a manifest's end and what comes after it.
INTERRUPTED_SECONDS = 600
logger = logging.getLogger(__name__)


State = Literal["release", "damaged", "unfinished"]


@dataclass(frozen=True)
class Pruned:
    """A release that goes, or what a killed publisher left of one.

    Attributes:
        release: Its id.
        state: Whether it was ever completed, and can be read.
        keys: Its objects, the manifest first: without it there is no release, and no reader starts on it.
        size: Bytes in all.
        age_hours: Hours since the last of them was written, by the store's clock.
    """

    release: str
    state: State
    keys: tuple[str, ...]
    size: int
    age_hours: float


def plan_prune(store: Store, keep: int, grace_hours: float) -> list[Pruned]:
    """Return what may go, the oldest first. What has no release's id is somebody else's, and named in a warning.

    Args:
        store: Where the releases are.
        keep: How many of the latest that can be read and have a model stay, beside those that channels name.
        grace_hours: Nothing younger goes: it may be of a publisher who is not done.
    """
    objects = _by_release(store.list("releases/"))
    manifests, unreadable = survey_releases(store)
    kept = list(_latest(manifests, keep))
    newer = [release for release, error in unreadable.items() if isinstance(error, NewerObjectError)]
    stay, now = {*kept, *newer, *_named(store, objects)}, store.clock()
    planned = []
    for release, infos in sorted(objects.items()):
        # One that can't be read may be mended as long as it would have stayed.
        is_recent = release in unreadable and keep > 0 and (len(kept) < keep or release > kept[-1])
        pruned = _pruned(release, infos, release in unreadable, now)
        if release not in stay and not is_recent and pruned.age_hours >= grace_hours:
            planned.append(pruned)
    return planned


def _latest(manifests: Iterable[Manifest], keep: int) -> Iterator[str]:
    """Yield the latest releases, until so many have a model: nights in which all failed push out none that has one."""
    for manifest in manifests:
        if keep <= 0:
            return
        yield manifest.release
        keep -= bool(with_models(manifest) or not manifest.recipes)


def prune(store: Store, planned: Iterable[Pruned]) -> Iterator[Pruned]:
    """Remove what was planned, one after the other; what a channel names by now stays.

    Raises:
        CorruptObjectError, NewerObjectError: a channel can't be read any more; nothing that it may name is lost.
    """
    _mend_interrupted(store)
    for pruned in planned:
        if _remove(store, pruned):
            yield pruned


def _remove(store: Store, pruned: Pruned) -> bool:
    """Remove a release, and tell whether that was done.

    The manifest goes first, and the channels are looked at after it: whoever lets a channel name the release looks at
    the manifest after that, so that one of the two sees what the other did. A copy outlives a kill between the two.
    """
    release, key = pruned.release, manifest_key(pruned.release)
    found = store.get_versioned(key)
    was_completed_meanwhile = found is not None and pruned.state == "unfinished"
    if was_completed_meanwhile or release in named_releases(store):
        return False
    if found is not None:
        note_change(store, release)
        store.put(_copy_key(release), found.data)
        store.delete(key)
        try:
            is_named = release in named_releases(store)
        except StoreError:
            # Nobody knows what a channel names by now.
            _put_back(store, release, found.data)
            raise
        if is_named:
            _put_back(store, release, found.data)
            return False
    store.delete_many([other for other in pruned.keys if other != key])
    store.delete(_copy_key(release))
    return True


def _put_back(store: Store, release: str, manifest: bytes) -> None:
    store.create(manifest_key(release), manifest)
    store.delete(_copy_key(release))


def _mend_interrupted(store: Store) -> None:
    """Put back the manifest of a release that a channel names, where a prune was killed before it could."""
    named = {entry.release for channel in survey_channels(store).channels.values() for entry in channel.named}
    for release in sorted(named):
        copies = [info for info in store.list(_copy_key(release)) if info.key == _copy_key(release)]
        if not copies or store.exists(manifest_key(release)):
            continue
        if store.clock() - copies[0].modified >= INTERRUPTED_SECONDS:
            _put_back(store, release, store.get(_copy_key(release)))


def _named(store: Store, objects: Iterable[str]) -> Iterable[str]:
    """Return what channels name; everything, with a warning, where one can't be read."""
    found = survey_channels(store)
    for key in found.foreign:
        logger.warning("%s is passed over: it is no channel.", printable(key))
    if not found.damaged:
        return named_releases(store)
    for name, error in found.damaged.items():
        logger.warning("Nothing may go, as nobody knows what the channel %s names: %s", name, error)
    return objects


def _by_release(infos: Iterable[ObjectInfo]) -> dict[str, list[ObjectInfo]]:
    found: dict[str, list[ObjectInfo]] = {}
    foreign = set()
    for info in infos:
        release, _, path = info.key.removeprefix("releases/").partition("/")
        if path and is_release_id(release):
            found.setdefault(release, []).append(info)
        else:
            foreign.add(release)
    for name in sorted(foreign):
        logger.warning("releases/%s is passed over: it is no release.", printable(name))
    return found


def _pruned(release: str, infos: list[ObjectInfo], is_unreadable: bool, now: float) -> Pruned:
    keys = [info.key for info in infos]
    state: State = "damaged" if is_unreadable else "release" if manifest_key(release) in keys else "unfinished"
    return Pruned(
        release=release,
        state=state,
        keys=tuple(keys),
        size=sum(info.size for info in infos),
        age_hours=max(0.0, now - max(info.modified for info in infos)) / HOUR_SECONDS,
    )


def _copy_key(release: str) -> str:
    return f"{manifest_key(release)}.removed"
