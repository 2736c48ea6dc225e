"""The files below a folder: links to folders are followed, each folder is read once, only plain files are opened."""

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from aepipe.datasets.formats import members
from aepipe.datasets.formats.members import Listing, Member, check_bounds, checked_bytes, is_system_folder, unreadable
from aepipe.datasets.tally import Reason, Tally
from aepipe.errors import ChangedDataError, DataError
from aepipe.io.names import printable_name

Folder = tuple[int, int]
# What a file that was written in the meantime has another one of: size in bytes, and time in nanoseconds.
Stamp = tuple[int, int]
# A file may be written again within the clock's step and keep its time: one so young is read again the next time.
YOUNG_NANOSECONDS = 2_000_000_000
LOST = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG)


def list_folder(top: Path) -> Listing:
    """Return the files below a folder, by name.

    Raises:
        DataError: a folder may not be read, or holds more than is reasonable.
    """
    with _open_to_this_user(top):
        return _list(top)


def _list(top: Path) -> Listing:
    tally, seen, oldest_young = Tally(), set[Folder](), time.time_ns() - YOUNG_NANOSECONDS
    links: dict[str, str] = {}
    found = dict(_walk(top, "", seen, links, tally))
    # Links come last: what lies under the top itself keeps the name that it has there.
    while links:
        name = min(links)
        path = links.pop(name)
        if _identity(path) in seen:
            tally.add("link to what is read already", name)
        else:
            found |= dict(_walk(path, f"{name}/", seen, links, tally))
    num_files = len(found) + sum(one.count for one in tally.left_out())
    stamps = {name: _stamp(found[name]) for name in sorted(found)}
    kept = {name: stamp for name, stamp in stamps.items() if members.is_wanted(name, stamp[0], tally)}
    check_bounds(size for size, _ in kept.values())
    files = (_member(name, found[name], stamp, oldest_young) for name, stamp in kept.items())
    return Listing.of(files, tally, num_files)


def _member(name: str, path: str, stamp: Stamp, oldest_young: int) -> Member:
    size, time_ns = stamp
    version = str(time_ns) if time_ns < oldest_young else None
    return Member(name, partial(_read, path, stamp), version, size)


@contextmanager
def _open_to_this_user(top: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            "Every folder of the images must be open to this user.",
            "Change its permissions, or name a folder without it.",
            folder=printable_name(os.fsdecode(error.filename or top)),
            error=error.strerror or str(error),
        ) from error


def _walk(
    folder: Path | str, prefix: str, seen: set[Folder], links: dict[str, str], tally: Tally
) -> Iterator[tuple[str, str]]:
    """Yield name and path of every plain file; keep links to folders for later."""
    seen.add(_identity(folder))
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        name, path = prefix + entry.name, entry.path
        if entry.is_dir(follow_symlinks=False):
            if is_system_folder(entry.name) or entry.name.startswith("."):
                reason: Reason = "hidden" if entry.name.startswith(".") else "file of a system"
                tally.add(reason, f"{name}/", count=max(1, sum(len(files) for _, _, files in os.walk(path))))
            else:
                yield from _walk(path, f"{name}/", seen, links, tally)
        elif entry.is_symlink() and _is_lost(path):
            tally.add("no picture" if members.is_no_picture(name) else "link that leads nowhere", name)
        elif entry.is_file():
            yield name, path
        elif entry.is_dir():
            links[name] = path
        else:
            tally.add("special file" if Member(name, bytes).is_meant_to_be_a_picture else "no picture", name)


def _is_lost(link: str) -> bool:
    """Tell whether a link leads nowhere: to nothing, to itself, or through a file."""
    try:
        os.stat(link)
    except OSError as error:
        if error.errno in LOST:
            return True
        raise
    return False


def _identity(folder: Path | str) -> Folder:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _stamp(path: str) -> Stamp:
    try:
        return _stamp_of(os.stat(path))
    except FileNotFoundError:
        return 0, 0  # Reading it says so.


def _stamp_of(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns


def _read(path: str, stamp: Stamp) -> bytes:
    try:
        # A pipe that took the file's place since would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ChangedDataError("A picture is a plain file.", "Run again.", file=printable_name(path))
            data = checked_bytes(os.read(descriptor, min(stamp[0], members.MAX_MEMBER_BYTES) + 1))
            if _stamp_of(os.fstat(descriptor)) != stamp or len(data) != stamp[0]:
                raise ChangedDataError(
                    "A file was written after it was listed.", "Run again.", file=printable_name(path)
                )
            return data
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        raise ChangedDataError(
            "A file was removed after it was listed.", "Run again.", file=printable_name(path)
        ) from error
    except OSError as error:
        raise unreadable(Path(path), error) from error
