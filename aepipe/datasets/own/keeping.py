"""Keeping of blocks: where they are, which are still there, and small ones put together."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from aepipe.datasets.blocks import BLOCK_BYTES, PREFIX, block_key
from aepipe.datasets.own.placing import Placer
from aepipe.datasets.own.rows import Row

# A night that brings one picture makes a block of one; so many such blocks stand there before they become one.
SMALL_BYTES, MAX_SMALL = BLOCK_BYTES // 4, 8


class Blocks(Protocol):
    """A place that keeps blocks."""

    def sizes(self, kept_name: str) -> Mapping[str, int]:
        """Return the size in bytes of each block under a name, by its key."""

    def keep(self, key: str, data: bytes) -> None:
        """Take a block."""

    def path(self, key: str) -> Path:
        """Return a local file of a block."""


@dataclass(frozen=True)
class LocalBlocks:
    """Blocks in a local folder."""

    folder: Path

    def sizes(self, kept_name: str) -> Mapping[str, int]:
        """Return the size in bytes of each block under a name, by its key."""
        top = self.folder / PREFIX / kept_name
        return {block_key(kept_name, path.stem): path.stat().st_size for path in top.glob("*.npy")}

    def keep(self, key: str, data: bytes) -> None:
        """Take a block."""
        self.path(key).parent.mkdir(parents=True, exist_ok=True)
        self.path(key).write_bytes(data)

    def path(self, key: str) -> Path:
        """Return the local file of a block."""
        return self.folder / key


class NoBlocks:
    """Blocks that nobody wants: what pictures are is asked, not how they look."""

    def sizes(self, kept_name: str) -> Mapping[str, int]:
        """Return nothing."""
        return {}

    def keep(self, key: str, data: bytes) -> None:
        """Forget a block."""

    def path(self, key: str) -> Path:
        """Return no file: there is none.

        Raises:
            FileNotFoundError: always.
        """
        raise FileNotFoundError(key)


def keep_small(rows: Sequence[Row], small: Mapping[str, bytes], kept_name: str, blocks: Blocks) -> None:
    """Keep the small blocks that were written, put together; also with those from before, where these are many.

    Args:
        rows: All rows of the data set; those whose place changes are changed.
        small: What was made, by key.
        kept_name: What blocks lie under.
        blocks: Where they are kept.
    """
    sizes, used = blocks.sizes(kept_name), {row["block"] for row in rows if row.get("block")}
    standing = {key for key in used if key in sizes and sizes[key] < SMALL_BYTES}
    made = {key: data for key, data in small.items() if key in used}
    joined = made.keys() | (standing if len(standing | made.keys()) > MAX_SMALL else set())
    if len(joined) < 2:
        for key, data in made.items():
            blocks.keep(key, data)
        return
    opened = {
        key: np.load(io.BytesIO(made[key]) if key in made else blocks.path(key), allow_pickle=False) for key in joined
    }
    _join([row for row in rows if row.get("block") in joined], opened, kept_name, blocks)


def _join(rows: Iterable[Row], opened: Mapping[str, np.ndarray], kept_name: str, blocks: Blocks) -> None:
    """Put the rows of several blocks, in their order, into new ones."""
    places: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        places.setdefault((row["block"], row["block_row"]), []).append(row)
    placer = Placer(kept_name, blocks.keep)
    for (key, number), sharing in places.items():
        placer.add(sharing, opened[key][number])
    placer.finish()
