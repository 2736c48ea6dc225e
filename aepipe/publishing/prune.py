"""Which releases may go: none that a channel names or would go back to, none of the latest, none that is young."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from aepipe.publishing.channels import named_releases
from aepipe.store.interface import ObjectInfo, Store

HOUR_SECONDS = 3600


@dataclass(frozen=True)
class Pruned:
    """A release that goes, or what a killed publisher left of one.

    Attributes:
        release: Its id.
        state: Whether it was ever completed.
        keys: Its objects, the manifest first: without it there is no release, and no reader starts on it.
        size: Bytes in all.
        age_hours: Hours since the last of them was written.
    """

    release: str
    state: Literal["release", "unfinished"]
    keys: tuple[str, ...]
    size: int
    age_hours: float


def plan_prune(store: Store, keep: int, grace_hours: float) -> list[Pruned]:
    """Return what may go, the oldest first.

    Args:
        store: Where the releases are.
        keep: How many of the latest stay, beside those that channels name.
        grace_hours: Nothing younger goes: it may be of a publisher who is not done.
    """
    objects = _by_release(store.list("releases/"))
    complete = sorted(release for release, infos in objects.items() if _manifest_key(release) in {i.key for i in infos})
    stay = {*named_releases(store), *complete[len(complete) - min(keep, len(complete)) :]}
    return [
        pruned
        for release, infos in sorted(objects.items())
        if release not in stay and (pruned := _pruned(release, infos)).age_hours >= grace_hours
    ]


def prune(store: Store, planned: list[Pruned]) -> Iterator[Pruned]:
    """Remove what was planned, one after the other; what a channel names by now stays."""
    for pruned in planned:
        if pruned.release in named_releases(store):
            continue
        manifest = _manifest_key(pruned.release)
        store.delete(manifest)
        store.delete_many([key for key in pruned.keys if key != manifest])
        yield pruned


def _by_release(infos: Iterator[ObjectInfo]) -> dict[str, list[ObjectInfo]]:
    found: dict[str, list[ObjectInfo]] = {}
    for info in infos:
        found.setdefault(info.key.split("/")[1], []).append(info)
    return found


def _pruned(release: str, infos: list[ObjectInfo]) -> Pruned:
    keys = [info.key for info in infos]
    return Pruned(
        release=release,
        state="release" if _manifest_key(release) in keys else "unfinished",
        keys=tuple(keys),
        size=sum(info.size for info in infos),
        age_hours=(time.time() - max(info.modified for info in infos)) / HOUR_SECONDS,
    )


def _manifest_key(release: str) -> str:
    return f"releases/{release}/manifest.json"
