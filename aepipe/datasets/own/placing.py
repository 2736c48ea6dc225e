"""Placing of images into blocks: each row of an index is told where its pixels are."""

from collections.abc import Callable, Iterable

import numpy as np

from aepipe.datasets.blocks import Block, BlockWriter, block_key
from aepipe.datasets.own.rows import Row


class Placer:
    """Writes images into blocks, and tells their rows the place.

    Args:
        kept_name: What blocks lie under.
        keep: Takes the key and the bytes of each block.
    """

    def __init__(self, kept_name: str, keep: Callable[[str, bytes], object]):
        self._writer, self._kept_name, self._keep = BlockWriter(), kept_name, keep
        self._owners: list[Iterable[Row]] = []

    def add(self, rows: Iterable[Row], pixels: np.ndarray) -> None:
        """Take an image, and the rows whose it is."""
        self._owners.append(rows)
        self._place(self._writer.add(pixels))

    def finish(self) -> None:
        """Write what is left."""
        self._place(self._writer.finish())

    def _place(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            key = block_key(self._kept_name, block.sha256)
            self._keep(key, block.data)
            for number, image in enumerate(block.numbers):
                for row in self._owners[image]:
                    row |= {"block": key, "block_row": number}
