"""Surveys of what a store has many of: which releases there are, and what each says, several read at a time."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from aepipe.errors import StoreError
from aepipe.store.interface import Store
from aepipe.store.names import is_release_id

THREADS = 16
logger = logging.getLogger(__name__)

Found = TypeVar("Found")


def release_ids(store: Store) -> list[str]:
    """Return the ids of all releases, the latest first: those that have files, and whose manifest may be there."""
    folders = [name.removesuffix("/") for name in store.names("releases/") if name.endswith("/")]
    return sorted(filter(is_release_id, folders), reverse=True)


def survey(
    ids: Sequence[str], read: Callable[[str], Found | StoreError | None]
) -> tuple[list[Found], dict[str, StoreError]]:
    """Return what is read of each, several at a time and in their order, and why others can't be read.

    Args:
        ids: Of releases, or of results.
        read: Reads one; returns the error of one that can't be read, None for one that is not there.
    """
    with ThreadPoolExecutor(THREADS, thread_name_prefix="aepipe-survey") as pool:
        found = dict(zip(ids, pool.map(read, ids), strict=True))
    unreadable = {name: error for name, error in found.items() if isinstance(error, StoreError)}
    return [one for one in found.values() if one is not None and not isinstance(one, StoreError)], unreadable


def warn_of_unreadable(unreadable: Mapping[str, StoreError]) -> None:
    """Name in a warning each release that is passed over, and why."""
    for release, problem in unreadable.items():
        logger.warning("Release %s is passed over: %s", release, problem)
