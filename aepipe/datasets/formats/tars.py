"""The files in a tar file, maybe compressed. Nothing is unpacked by its own path."""

import bz2
import gzip
import lzma
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

from aepipe.datasets.formats import members
from aepipe.datasets.formats.members import (
    Listing,
    Member,
    check_bounds,
    checked_bytes,
    is_wanted,
    stamp_of,
    unreadable,
    written_meanwhile,
)
from aepipe.datasets.tally import Tally
from aepipe.errors import DataError
from aepipe.io.names import printable_name
from aepipe.io.temporary import temporary_folder

TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")
COMPRESSIONS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
# Headers of headers: a long name, or a set of records. Python reads them whole.
LONG_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
MAX_HEADER_BYTES = 1 << 20
CHUNK_BYTES = 1 << 20
# Of the disk's room for temporary files.
MAX_SHARE_OF_ROOM = 0.9
WAY_OUT = "Get it again; or unpack it, and name the folder."

# Position and length in bytes.
Place = tuple[int, int]


class _Entry(tarfile.TarInfo):
    """An entry whose headers are of a reasonable size."""

    @classmethod
    def frombuf(cls, *arguments: Any, **named: Any) -> Self:
        """Return the entry of a header.

        Raises:
            HeaderError: its length can't be true.
        """
        entry = super().frombuf(*arguments, **named)
        if entry.size < 0 or (entry.type in LONG_HEADERS and entry.size > MAX_HEADER_BYTES):
            raise tarfile.HeaderError(f"a header announces {entry.size} bytes")
        return entry


def is_tar(location: str) -> bool:
    """Tell whether a location is called as tar files are."""
    return location.lower().endswith(TAR_ENDINGS)


@contextmanager
def open_tar(path: Path) -> Iterator[Listing]:
    """Give the files in a tar file, by name.

    A compressed one is decompressed once, into the folder for temporary files: only so its entries can be read in any
    order, by several processes.

    Raises:
        DataError: it is no tar file, is cut off, or holds more than is reasonable.
        ChangedDataError: it was written in the meantime.
    """
    stamp = stamp_of(path)
    with _decompressed(path) as plain:
        places, tally = dict[str, Place](), Tally()
        num_files = 0
        for entry in _entries(plain, path):
            num_files += 1
            name = _name(entry.name)
            if not is_wanted(name, entry.size, tally):
                continue
            place = _place(entry, places)
            if place is None:
                tally.add("link, encrypted or oddly packed", name)
                continue
            if name in places:
                tally.add("same name twice", name)
            places[name] = place
        check_bounds(size for _, size in places.values())
        # An archive is unchanged as a whole.
        version = str(path.stat().st_mtime_ns)
        found = (
            Member(name, partial(_read, plain, path, place), version, place[1])
            for name, place in sorted(places.items())
        )
        yield Listing.of(found, tally, num_files)
        if stamp_of(path) != stamp:
            raise written_meanwhile(path)


def _name(name: str) -> str:
    while name.startswith(("./", "/")):
        name = name.removeprefix(".").lstrip("/")
    return name


def _place(entry: tarfile.TarInfo, places: dict[str, Place]) -> Place | None:
    """Return where an entry's bytes are; None for what has none of its own, or has them in pieces.

    A further name of a file before it, as tar writes files that are one on the disk, has that one's.
    """
    if entry.islnk():
        return places.get(_name(entry.linkname))
    return (entry.offset_data, entry.size) if entry.isreg() and not entry.issparse() else None


def _entries(plain: Path, path: Path) -> Iterator[tarfile.TarInfo]:
    """Yield all entries but folders; Python's own reading ends in silence where a header is damaged."""
    try:
        with tarfile.open(plain, "r:", tarinfo=_Entry) as archive:
            number, end = 0, 0
            while (entry := archive.next()) is not None:
                # Of a million entries it would keep all.
                archive.members.clear()  # type: ignore[attr-defined]
                number += 1
                if entry.size < 0 or archive.offset <= end:
                    raise tarfile.ReadError(f"an entry announces {entry.size} bytes")
                if number > 2 * members.MAX_MEMBERS:
                    raise DataError(
                        f"A tar file must have at most {number - 1} entries.", path=printable_name(str(path))
                    )
                end = archive.offset
                if not entry.isdir():
                    yield entry
            _check_end(plain, archive.offset)
    except (tarfile.TarError, ValueError, RecursionError) as error:
        raise _no_tar(path, error) from error
    except OSError as error:
        raise unreadable(path, error) from error


def _check_end(plain: Path, offset: int) -> None:
    """Check that nothing but zeros, and some of those, follow the last entry."""
    with open(plain, "rb") as stream:
        stream.seek(offset)
        if not stream.read(1):
            raise tarfile.ReadError("its end is missing")
        while chunk := stream.read(CHUNK_BYTES):
            if chunk.strip(b"\0"):
                raise tarfile.ReadError(f"an entry is damaged, or another archive follows, after {offset} bytes")


def _read(plain: Path, path: Path, place: Place) -> bytes:
    offset, size = place
    try:
        with open(plain, "rb") as stream:
            stream.seek(offset)
            data = stream.read(min(size, members.MAX_MEMBER_BYTES + 1))
    except OSError as error:
        raise unreadable(path, error) from error
    if len(data) < min(size, members.MAX_MEMBER_BYTES + 1):
        raise written_meanwhile(path)
    return checked_bytes(data)


@contextmanager
def _decompressed(path: Path) -> Iterator[Path]:
    """Give the path of a tar file without compression."""
    try:
        with open(path, "rb") as stream:
            begin = stream.read(max(map(len, COMPRESSIONS)))
    except OSError as error:
        raise unreadable(path, error) from error
    opener = next((opener for mark, opener in COMPRESSIONS.items() if begin.startswith(mark)), None)
    if opener is None:
        yield path
        return
    with temporary_folder("tar") as folder:
        plain = folder / "plain.tar"
        _decompress(opener, path, plain)
        yield plain


def _decompress(opener: Callable[[Path], Any], path: Path, plain: Path) -> None:
    room = int(MAX_SHARE_OF_ROOM * shutil.disk_usage(plain.parent).free)
    max_bytes = min(members.MAX_TOTAL_BYTES, room)
    try:
        with opener(path) as stream, plain.open("xb") as file:
            while chunk := stream.read(CHUNK_BYTES):
                file.write(chunk)
                if file.tell() > max_bytes:
                    raise DataError(
                        f"A compressed tar file must have room in {plain.parent.parent}: {max_bytes} bytes.",
                        "Set TMPDIR to a folder with more; or unpack it, and name the folder.",
                        path=printable_name(str(path)),
                    )
    except (EOFError, zlib.error, lzma.LZMAError) as error:
        raise _no_tar(path, error) from error
    except OSError as error:
        # Without a number it is of the bytes, not of the disk.
        raise (_no_tar(path, error) if error.errno is None else unreadable(path, error)) from error


def _no_tar(path: Path, error: Exception) -> DataError:
    return DataError(f"It must be a whole tar file: {error}.", WAY_OUT, path=printable_name(str(path)))
