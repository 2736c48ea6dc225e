"""Keeping of blocks: where they are, which are still there, and small ones put together."""

import tempfile
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

    def keep(self, key: str, path: Path) -> None:
        """Take a block; the file is not needed any more."""

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

    def keep(self, key: str, path: Path) -> None:
        """Take a block; the file is not needed any more."""
        self.path(key).parent.mkdir(parents=True, exist_ok=True)
        path.rename(self.path(key))

    def path(self, key: str) -> Path:
        """Return the local file of a block."""
        return self.folder / key


def keep_small(rows: Sequence[Row], small: Mapping[str, Path], kept_name: str, blocks: Blocks, folder: Path) -> None:
    """Keep the small blocks that were written, put together; also with those from before, where these are many.

    Args:
        rows: All rows of the data set; those whose place changes are changed.
        small: What was written, by key.
        kept_name: What blocks lie under.
        blocks: Where they are kept.
        folder: For blocks on their way.
    """
    sizes, used = blocks.sizes(kept_name), {row["block"] for row in rows if row.get("block")}
    standing = {key for key in used if key in sizes and sizes[key] < SMALL_BYTES}
    written = {key: path for key, path in small.items() if key in used}
    joined = set(written) | (standing if len(standing) + len(written) > MAX_SMALL else set())
    if len(joined) < 2:
        for key, path in written.items():
            blocks.keep(key, path)
        return
    paths = {key: written.get(key) or blocks.path(key) for key in joined}
    _join([row for row in rows if row.get("block") in joined], paths, kept_name, blocks, folder)


def _join(rows: Iterable[Row], paths: Mapping[str, Path], kept_name: str, blocks: Blocks, folder: Path) -> None:
    """Write the rows of several blocks, in their order, into new ones."""
    opened = {key: np.load(path, mmap_mode="r") for key, path in paths.items()}
    places: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        places.setdefault((row["block"], row["block_row"]), []).append(row)
    placer = Placer(Path(tempfile.mkdtemp(dir=folder)), kept_name, blocks.keep)
    for (key, number), sharing in places.items():
        placer.add(sharing, np.asarray(opened[key][number]))
    placer.finish()
