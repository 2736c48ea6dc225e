"""Notes of releases that change: a release that is signed or removed is looked at, whatever the listing says of it.

A note is written before the change. Until it is settled, a killed process may have left the change half-done, and who
wrote the listing at the same moment may have seen the release as it was.
"""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from aepipe.store.interface import ObjectInfo, Store

PREFIX = "listing/changed/"
# A change takes seconds from its note on.
SETTLED_SECONDS = 600


def note_change(store: Store, release: str) -> None:
    """Note that a release is about to be signed or removed."""
    store.put(f"{PREFIX}{release}/{uuid4().hex}", b"")


def list_notes(store: Store) -> dict[str, list[ObjectInfo]]:
    """Return the notes by their releases."""
    notes: dict[str, list[ObjectInfo]] = {}
    for info in store.list(PREFIX):
        notes.setdefault(info.key.removeprefix(PREFIX).partition("/")[0], []).append(info)
    return notes


def settle(store: Store, notes: Mapping[str, Sequence[ObjectInfo]]) -> None:
    """Remove those of these notes whose change is over, after the listing says what came of it."""
    infos = [info for of_release in notes.values() for info in of_release]
    if infos:
        latest = store.clock() - SETTLED_SECONDS
        store.delete_many(info.key for info in infos if info.modified <= latest)
