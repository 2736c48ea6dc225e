"""Specs of data sets: what is known about one before any of it is here."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from aepipe.datasets.images import ImageData
from aepipe.errors import DataError
from aepipe.io.hashing import array_sha256
from aepipe.io.names import name_bytes

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class ExpectedArray:
    """What a decoded array must be: uint8 of this shape, every value below `num_values`, with this digest."""

    shape: tuple[int, ...]
    sha256: str
    num_values: int = 256


@dataclass(frozen=True)
class RemoteFile:
    """One file that is downloaded.

    Attributes:
        name: Its name, in the cache and below the data set's folder in a mirror.
        size_bytes: About the published file's size.
        arrays: What must come out of it. This decides: a mirror may have packed the same values differently.
        decode: Reads the file at a path; raises `DataError` where it is damaged.
        urls: Where its publishers offer it, in the order of trial.
        sha256: The published file's digest; checked for what comes from `urls`.
    """

    name: str
    size_bytes: int
    arrays: Mapping[str, ExpectedArray]
    decode: Callable[[Path], Arrays]
    urls: tuple[str, ...] = ()
    sha256: str | None = None

    @property
    def max_bytes(self) -> int:
        """Most bytes that a download may have: room for a mirror that packs badly."""
        return 2 * self.size_bytes + 1024


@dataclass(frozen=True)
class DataSetSummary:
    """One line of `aepipe datasets list`; None where it depends on the user's own files."""

    name: str
    num_images: int | None
    image_shape: tuple[int, int, int] | None
    num_classes: int | None
    split: str
    source: str
    size_bytes: int | None


@dataclass(frozen=True)
class DataSetSpec:
    """A data set: its files, and how their arrays become images.

    Attributes:
        summary: What a listing shows.
        build: Makes the images of the arrays of all files, by name.
        files: What is downloaded; empty where nothing is.
        digest: What the images depend on, where it is not the arrays of `files`.
    """

    summary: DataSetSummary
    build: Callable[[Arrays], ImageData]
    files: tuple[RemoteFile, ...] = ()
    digest: Callable[[], str] | None = None

    @property
    def name(self) -> str:
        """The data set's name."""
        return self.summary.name

    def identity(self) -> str:
        """Return 64 hex digits that change when any image or label does; known sets need no file for it."""
        if self.digest is not None:
            return self.digest()
        return join_digests(expected.sha256 for file in self.files for expected in file.arrays.values())


@dataclass(frozen=True)
class FileCheck:
    """What was found where a file of a data set should be; `reason` says what is wrong with it."""

    path: Path
    status: Literal["ok", "missing", "broken"]
    reason: str = ""
    size_bytes: int | None = None
    sha256: str | None = None

    @property
    def is_valid(self) -> bool:
        """Whether it is there, and as it should be."""
        return self.status == "ok"


def join_digests(digests: Iterable[str]) -> str:
    """Return one digest for several, in this order; names in them may be bytes that are no text."""
    return hashlib.sha256(name_bytes("\n".join(digests))).hexdigest()


def check_arrays(arrays: Arrays, expected: Mapping[str, ExpectedArray]) -> None:
    """Check that decoded arrays are the known ones.

    Raises:
        DataError: a shape, a dtype, a value or the digest is another.
    """
    for name, rule in expected.items():
        array = arrays[name]
        if array.shape != rule.shape or array.dtype != np.uint8:
            raise DataError(f"{name} must be uint8 of shape {rule.shape}.", shape=array.shape, dtype=str(array.dtype))
        if array.max(initial=0) >= rule.num_values:
            raise DataError(f"{name} must lie from 0 to {rule.num_values - 1}.", maximum=int(array.max()))
        digest = array_sha256(array)
        if digest != rule.sha256:
            raise DataError(f"The values of {name} must have sha256 {rule.sha256}.", sha256=digest)
