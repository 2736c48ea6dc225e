"""Blocks of decoded pixels: NumPy files of many images each, called by their digest, and read as if one array.

A block is written once and never changed. Its images have one shape and type; those of a data set may have several,
and are brought to one when they are read.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np

PREFIX = "blocks"
# Large enough that a set has few, small enough that one is in memory for each process.
BLOCK_BYTES = 1 << 24
# Each takes a file descriptor, of which a process has 1024.
MAX_OPEN = 256

Rows = SupportsIndex | slice | np.ndarray


def block_key(form: str, sha256: str) -> str:
    """Return where in the store a block is.

    Args:
        form: Digest of what the pixels depend on beside the files.
        sha256: Of the block's bytes.
    """
    return f"{PREFIX}/{form}/{sha256}.npy"


@dataclass(frozen=True)
class Block:
    """The bytes of a block; `numbers` are those of its images, by row, in the order in which they were added."""

    data: bytes
    numbers: tuple[int, ...]

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the bytes."""
        return hashlib.sha256(self.data, usedforsecurity=False).hexdigest()


@dataclass
class BlockWriter:
    """Puts images into blocks; those of one shape and type share them.

    Attributes:
        block_bytes: A block is done as soon as its images have so many.
    """

    block_bytes: int = BLOCK_BYTES
    _count: int = 0
    _waiting: dict[Any, list[tuple[int, np.ndarray]]] = field(default_factory=dict)

    def add(self, image: np.ndarray) -> Iterator[Block]:
        """Take an image, (height, width) or (height, width, channels); yield the block that it has filled, if any."""
        image = np.ascontiguousarray(np.atleast_3d(image))
        kind = image.shape, image.dtype
        waiting = self._waiting.setdefault(kind, [])
        waiting.append((self._count, image))
        self._count += 1
        if len(waiting) * image.nbytes >= self.block_bytes:
            yield _block(self._waiting.pop(kind))

    def finish(self) -> Iterator[Block]:
        """Yield the blocks of what is left."""
        while self._waiting:
            yield _block(self._waiting.pop(next(iter(self._waiting))))


def _block(images: list[tuple[int, np.ndarray]]) -> Block:
    first, header = images[0][1], io.BytesIO()
    described = np.lib.format.header_data_from_array_1_0(first) | {"shape": (len(images), *first.shape)}
    np.lib.format.write_array_header_1_0(header, described)
    data = b"".join([header.getvalue(), *(image.data for _, image in images)])
    return Block(data, tuple(number for number, _ in images))


class BlockImages:
    """Images of a data set, (num_images, height, width, channels), read from memory-mapped blocks when asked for.

    Grey images are given three channels where the set has them. Values of another depth than the set's are scaled, so
    that white is white.

    Args:
        find: Returns a local file of the block with a number; it is asked once for each, and not before it is needed.
        places: (num_images, 2) int64: which block, and which row of it.
        image_shape: (height, width, channels) of every image.
        dtype: Of the values.
        whites: (num_images,) the value of white in each image's block; None where all have the set's.
        white: The set's value of white.
    """

    def __init__(
        self,
        find: Callable[[int], Path],
        places: np.ndarray,
        image_shape: tuple[int, int, int],
        dtype: Any,
        whites: np.ndarray | None = None,
        white: float = 255,
    ):
        self._find, self._places = cache(find), places
        self._whites, self._white = whites, white
        self._open = lru_cache(MAX_OPEN)(self._map)
        self.image_shape, self.dtype = image_shape, np.dtype(dtype)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(num_images, height, width, channels)."""
        return (len(self), *self.image_shape)

    def __iter__(self) -> Iterator[np.ndarray]:
        step = max(1, BLOCK_BYTES // (self.dtype.itemsize * int(np.prod(self.image_shape))))
        for start in range(0, len(self), step):
            yield from self[start : start + step]

    def __getitem__(self, rows: Rows) -> np.ndarray:
        """Return the images of a row, a slice, or an array of rows or truths of any shape, which comes in front."""
        if isinstance(rows, tuple):
            raise TypeError("Images in blocks are chosen by row alone; what is read is an array that takes the rest.")
        if isinstance(rows, slice):
            return self._read(np.arange(*rows.indices(len(self))))
        chosen = np.asarray(rows)
        if chosen.dtype == bool:
            chosen = np.flatnonzero(chosen)
        return self._read(chosen.reshape(-1)).reshape(*chosen.shape, *self.image_shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return all images in memory."""
        images = self[:]
        return images if dtype is None else images.astype(dtype, copy=False)

    def _map(self, number: int) -> np.ndarray:
        return np.load(self._find(number), mmap_mode="r")

    def _read(self, rows: np.ndarray) -> np.ndarray:
        images = np.empty((len(rows), *self.image_shape), self.dtype)
        blocks, places = self._places[rows].T
        order = np.argsort(blocks, kind="stable")
        for chosen in np.split(order, np.flatnonzero(np.diff(blocks[order])) + 1) if len(rows) else ():
            pixels = self._open(int(blocks[chosen[0]]))[places[chosen]]
            images[chosen] = pixels if self._whites is None else self._scaled(pixels, self._whites[rows[chosen]])
        return images

    def _scaled(self, pixels: np.ndarray, whites: np.ndarray) -> np.ndarray:
        if np.all(whites == self._white):
            return pixels
        whites = whites.astype(np.float32)[:, np.newaxis, np.newaxis, np.newaxis]
        return np.round(np.minimum(pixels, whites) * (np.float32(self._white) / whites)).astype(self.dtype)
