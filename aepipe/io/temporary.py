"""Folders for the length of a piece of work. Those of processes that were killed are removed by later ones."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

PREFIX = "aepipe-work-"
# One that was made a moment ago may not be locked yet.
LEFT_SECONDS = 3600


@contextmanager
def temporary_folder(purpose: str) -> Iterator[Path]:
    """Give an empty folder that is gone after the block.

    While the process lives it holds a lock on the folder, which ends with it however it ends.

    Args:
        purpose: A word for the folder's name, for whoever finds it.
    """
    _remove_left(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{purpose}-") as name:
        lock = _locked(name)
        try:
            yield Path(name)
        finally:
            if lock is not None:
                os.close(lock)


@cache
def _remove_left(top: str) -> None:
    """Remove what killed processes of this user left; once a process."""
    for folder in Path(top).glob(f"{PREFIX}*"):
        try:
            found = folder.lstat()
        except FileNotFoundError:
            continue
        if found.st_uid != os.geteuid() or time.time() - found.st_mtime < LEFT_SECONDS or folder.is_symlink():
            continue
        lock = _locked(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _locked(folder: Path | str) -> int | None:
    """Return an open lock on a folder; None where another process has it, or the disk knows no locks."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
