"""Files on the local disk that appear whole or not at all, and the disk's errors as the store's."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from aepipe.errors import AccessDeniedError, StoreError

FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
UNFINISHED = ".part"


@contextmanager
def written_file(folder: Path, write: Callable[[BinaryIO], object]) -> Iterator[Path]:
    """Write a new file and sync it to the disk; the block moves or links it to where it belongs.

    Args:
        folder: Where the file is made, on the same file system as its place.
        write: Fills the open file.
    """
    path = folder / f"{uuid4().hex}{UNFINISHED}"
    try:
        with path.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        yield path
    finally:
        path.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder with its parents, so that it is still there after a power cut."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk: without it a power cut may undo a rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_regular(path: Path) -> BinaryIO:
    """Open an object's file. A pipe would wait for a writer, and a device has no end: neither is an object."""
    if path.exists() and not path.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return path.open("rb")


def empty_folders(root: Path, but_not: Path, latest: float) -> Iterator[Path]:
    """Yield the folders under a root with no file in them since a time (seconds since the epoch), inner ones first."""
    empty = set()
    for parent, folders, names in os.walk(root, topdown=False):
        folder = Path(parent)
        if names or any(folder / name not in empty for name in folders) or folder in (root, but_not):
            continue
        if folder.stat().st_mtime <= latest:
            empty.add(folder)
            yield folder


@contextmanager
def disk_errors(**received: object) -> Iterator[None]:
    """Turn the disk's errors within the block into the store's."""
    try:
        yield
    except OSError as error:
        received = {**received, "error": error.strerror or str(error)}
        if error.errno in FULL:
            raise StoreError(
                "The disk must have room.", "Free some space, or name another disk.", **received
            ) from error
        if error.errno in FORBIDDEN:
            way_out = "Run as the folder's owner, or change its permissions."
            raise AccessDeniedError("The folder must be open to this user.", way_out, **received) from error
        raise StoreError("The disk must do what it is asked.", "Look after the file system.", **received) from error
