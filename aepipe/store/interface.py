"""The interface that every store implements, and the rules for its keys."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from aepipe.errors import StoreError

MAX_SEGMENT_BYTES = 255

# A digest of the bytes, or the ETag in one of its two spellings.
Compared = Literal["digest", "quoted", "bare"]


@dataclass(frozen=True)
class ObjectInfo:
    """One object as a listing shows it. `modified` is in seconds since the epoch."""

    key: str
    size: int
    modified: float


@dataclass(frozen=True)
class Versioned:
    """An object's bytes with the version that `swap` compares."""

    data: bytes
    version: str


class Store(Protocol):
    """Objects under keys. A write is whole or not at all; a reader never sees half an object.

    Every method may raise the `StoreError` family of `aepipe.errors`.
    """

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""

    @property
    def compared(self) -> Compared:
        """What `swap` compares, as far as is known by now."""

    @property
    def deletes_in_batch(self) -> bool:
        """Whether `delete_many` takes one request for many objects, as far as is known by now."""

    def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing what is there."""

    def put_file(self, key: str, path: Path) -> None:
        """Write an object from a file, replacing what is there."""

    def put_files(self, files: Mapping[str, Path], on_file: Callable[[str], object] | None = None) -> None:
        """Write several files, key to path, in parallel where that helps; all are written when it returns.

        Args:
            files: Key to path.
            on_file: Called with its key when a file is written, always in the caller's thread.
        """

    def create(self, key: str, data: bytes) -> None:
        """Write an object that must not exist. The same bytes already there count as success.

        Raises:
            ConflictError: other bytes are there; they stay.
        """

    def get(self, key: str) -> bytes:
        """Read an object. Raises `ObjectNotFoundError` where there is none."""

    def get_file(self, key: str, path: Path) -> None:
        """Read an object into a file, atomically: `path` appears whole or not at all."""

    def get_versioned(self, key: str) -> Versioned | None:
        """Read an object for a later `swap`; None where there is none."""

    def swap(self, key: str, data: bytes, version: str | None) -> None:
        """Replace an object if it still has this version (None: if it does not exist).

        Raises:
            ConflictError: somebody else wrote first; nothing was overwritten.
        """

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under exactly this key."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose key starts with `prefix`, sorted by key."""

    def names(self, prefix: str) -> Iterator[str]:
        """What keys go on with after `prefix`, up to the next slash and with it, each once, sorted.

        However much lies below one of them, it is one name: of many folders of many objects this takes few requests.
        A server may name one for a while after its last object was removed.

        Args:
            prefix: Empty, or ending in a slash.
        """

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there counts as removed."""

    def delete_many(self, keys: Iterable[str]) -> None:
        """Remove objects, many at a time where the server can; those that are not there count as removed."""

    def clock(self) -> float:
        """Return the store's own time, in seconds since the epoch: `modified` is of this clock, not this machine's."""

    def abort_stale_uploads(self, older_than_seconds: float) -> int:
        """Remove what writers that were killed left unfinished, and return how many writes that were.

        Args:
            older_than_seconds: Longer than any write takes: a younger one may still be going on.
        """


def check_key(key: str) -> str:
    """Return the key if every S3-compatible server and file system can hold it.

    Raises:
        StoreError: an empty key, `//`, a leading or trailing `/`, `.` or `..`, a control character, or a
            segment over 255 bytes.
    """
    segments = key.split("/")
    if any(segment in ("", ".", "..") for segment in segments) or any(ord(character) < 32 for character in key):
        raise StoreError("A key is made of non-empty names with single slashes between them.", key=key)
    if any(len(segment.encode()) > MAX_SEGMENT_BYTES for segment in segments):
        raise StoreError(f"No segment of a key is longer than {MAX_SEGMENT_BYTES} bytes.", key=key)
    return key
