"""The files in a zip file. Nothing is extracted."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path

from aepipe.datasets.formats import members
from aepipe.datasets.formats.members import (
    Listing,
    Member,
    Stamp,
    check_bounds,
    checked_bytes,
    is_wanted,
    stamp_of,
    unreadable,
    written_meanwhile,
)
from aepipe.datasets.tally import Tally
from aepipe.errors import BrokenFileError, DataError

ENCRYPTED = 1


@contextmanager
def open_zip(path: Path) -> Iterator[Listing]:
    """Give the files in a zip file, by name.

    Raises:
        DataError: it is no zip file, or holds more than is reasonable.
        ChangedDataError: it was written in the meantime.
    """
    try:
        stamp = stamp_of(path)
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"It must be a zip file: {error}.", path=str(path)) from error
    with archive:
        tally = Tally()
        files = [entry for entry in archive.infolist() if not entry.filename.endswith(("/", "\\"))]
        entries: dict[str, zipfile.ZipInfo] = {}
        for entry in files:
            name = _name(entry)
            if not is_wanted(name, entry.file_size, tally) or not _is_plain(entry, name, tally):
                continue
            if name in entries:
                tally.add("same name twice", name)
            entries[name] = entry
        check_bounds(entry.file_size for entry in entries.values())
        found = (_member(name, path, stamp, entries[name]) for name in sorted(entries))
        yield Listing.of(found, tally, len(files))
        if stamp_of(path) != stamp:
            raise written_meanwhile(path)


def _member(name: str, path: Path, stamp: Stamp, entry: zipfile.ZipInfo) -> Member:
    return Member(name, partial(_read_entry, path, stamp, entry), f"{entry.CRC:08x}", entry.file_size)


@lru_cache(1)
def _opened(path: Path, stamp: Stamp) -> zipfile.ZipFile:
    """Return this process's open file; one that was written since is another one."""
    return zipfile.ZipFile(path)


def _name(entry: zipfile.ZipInfo) -> str:
    # Some programs of Windows write its separator; some put the root in front.
    return entry.filename.replace("\\", "/").lstrip("/")


def _is_plain(entry: zipfile.ZipInfo, name: str, tally: Tally) -> bool:
    file_type = stat.S_IFMT(entry.external_attr >> 16)
    # The other compressions can't be read in bounded steps.
    is_bounded = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    is_plain = file_type in (0, stat.S_IFREG) and is_bounded and not entry.flag_bits & ENCRYPTED
    if not is_plain:
        tally.add("link, encrypted or oddly packed", name)
    return is_plain


def _read_entry(path: Path, stamp: Stamp, entry: zipfile.ZipInfo) -> bytes:
    try:
        with _opened(path, stamp).open(entry) as stream:
            # A size makes it decompress no more than announced.
            return checked_bytes(stream.read(min(entry.file_size, members.MAX_MEMBER_BYTES) + 1))
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise BrokenFileError(f"Its entry in the zip file is damaged: {error}.") from error
    except OSError as error:
        raise unreadable(path, error) from error
