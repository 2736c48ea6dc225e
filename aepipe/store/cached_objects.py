"""Objects of stores in the cache of this machine that were not used for long; they are fetched again where needed."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from aepipe.io.folders import default_cache_folder

DAY_SECONDS = 86400


def find_unused(days: float) -> dict[Path, int]:
    """Return the objects and locks in the cache that were not used for so many days, and their bytes.

    Args:
        days: Counted from the last use, which `local_file` notes.
    """
    return {path: status.st_size for path, status in _files() if _is_unused(status, days)}


def remove_unused(paths: Iterable[Path], days: float) -> None:
    """Remove those that nobody holds or has used since; what a process has open stays until it is closed."""
    for path in paths:
        lock = path if path.suffix == ".lock" else path.with_name(f"{path.name}.lock")
        # To take a lock may change its time, so that is looked at before.
        with suppress(FileNotFoundError, Timeout):
            if _is_unused(path.stat(), days):
                with FileLock(lock, timeout=0):
                    path.unlink()


def _is_unused(status: os.stat_result, days: float) -> bool:
    return time.time() - status.st_mtime > days * DAY_SECONDS


def _files() -> Iterator[tuple[Path, os.stat_result]]:
    cache = default_cache_folder()
    for folder in ("objects", "locks"):
        for top, _, names in os.walk(cache / folder):
            for name in names:
                path = Path(top) / name
                try:
                    yield path, path.stat()
                except FileNotFoundError:
                    continue
