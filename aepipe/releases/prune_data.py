"""Indices and blocks of data sets of one's own that nothing needs any more.

A run reads again only what the newest index does not know, so the newest of each form stay, whatever their age; and
with them the blocks that they name, which such a run takes for granted.
"""

import fnmatch
import json
import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aepipe.datasets import blocks, indices
from aepipe.errors import CorruptObjectError, ObjectNotFoundError
from aepipe.io.temporary import temporary_folder
from aepipe.releases.prune import HOUR_SECONDS
from aepipe.store.interface import ObjectInfo, Store

# The column of an index that names blocks.
COLUMN = "block"
# Where releases and stages say which blocks they are made of.
OF_RELEASES, OF_STAGES = ("releases/*/data/*.parquet",), ("stages/*/index.parquet", "stages/*/blocks.json")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PrunedObject:
    """An object that goes.

    Attributes:
        key: Where it lies.
        size: Its bytes.
    """

    key: str
    size: int


def plan_indices(store: Store, keep: int, grace_hours: float) -> list[PrunedObject]:
    """Return the indices that may go: of each data set, step and choice not the latest, not the newest of a form.

    Args:
        store: Where they are.
        keep: How many of the latest stay.
        grace_hours: Nothing younger goes.
    """
    youngest = store.clock() - grace_hours * HOUR_SECONDS
    going = []
    for infos in _by_choice(store.list(f"{indices.PREFIX}/")):
        forms: set[str] = set()
        for number, info in enumerate(sorted(infos, key=lambda info: info.key, reverse=True)):
            try:
                found = {_form(key) for key in blocks_of(store, info.key)}
            except CorruptObjectError as error:
                logger.warning("An index stays that can't be read: %s", error)
                continue
            if number >= max(keep, 1) and info.modified < youngest and found <= forms:
                going.append(PrunedObject(info.key, info.size))
            forms |= found
    return going


def plan_blocks(store: Store, going: Collection[str], grace_hours: float) -> list[PrunedObject]:
    """Return the blocks that no index names.

    Args:
        store: Where they are.
        going: Beginnings of the keys of indices that go themselves.
        grace_hours: Nothing younger goes: a run may be about to write the index that names it.
    """
    youngest = store.clock() - grace_hours * HOUR_SECONDS
    # Blocks first: one that an index names which is written meanwhile is younger, or named by an older one as well.
    there = [info for info in store.list(f"{blocks.PREFIX}/") if info.modified < youngest]
    if not there:
        return []
    indices_that_stay = [key for key in _indices(store) if not key.startswith(tuple(going))]
    try:
        needed = {block for key in indices_that_stay for block in blocks_of(store, key)}
    except CorruptObjectError as error:
        logger.warning("No block may go, as nobody knows which ones this index names: %s", error)
        return []
    return [PrunedObject(info.key, info.size) for info in there if info.key not in needed]


def blocks_of(store: Store, key: str) -> set[str]:
    """Return the keys of the blocks that an index, or a stage's list of blocks, names; none where it is gone by now.

    Raises:
        CorruptObjectError: it can't be read.
    """
    with temporary_folder("index") as folder:
        path = folder / key.rpartition("/")[2]
        try:
            store.get_file(key, path)
        except ObjectNotFoundError:
            return set()
        try:
            return _listed(path) if path.suffix == ".json" else _named(path)
        except (ValueError, TypeError, OSError) as error:
            raise CorruptObjectError("An index must be readable.", key=key, reason=str(error)) from None


def remove(store: Store, planned: Iterable[PrunedObject]) -> None:
    """Remove what was planned."""
    store.delete_many([pruned.key for pruned in planned])


def _indices(store: Store) -> Iterator[str]:
    yield from (info.key for info in store.list(f"{indices.PREFIX}/"))
    for prefix, patterns in (("releases/", OF_RELEASES), ("stages/", OF_STAGES)):
        for info in store.list(prefix):
            if any(fnmatch.fnmatchcase(info.key, pattern) for pattern in patterns):
                yield info.key


def _by_choice(infos: Iterable[ObjectInfo]) -> Iterator[list[ObjectInfo]]:
    found: dict[tuple[str, ...], list[ObjectInfo]] = {}
    for info in infos:
        found.setdefault((info.key.rpartition("/")[0], *indices.described(info.key)), []).append(info)
    yield from found.values()


def _named(path: Path) -> set[str]:
    # Here, because a store without such data needs no Parquet; its errors are ValueErrors.
    import pyarrow.parquet as pq

    has_blocks = COLUMN in pq.read_schema(path).names
    keys = pq.read_table(path, columns=[COLUMN])[COLUMN].to_pylist() if has_blocks else []
    return {key for key in keys if key is not None}


def _listed(path: Path) -> set[str]:
    return {str(block) for block, *_ in json.loads(path.read_bytes())}


def _form(block: str) -> str:
    return block.rpartition("/")[0]
