"""The picture files of a folder, a zip file or an S3 prefix, as names and bytes. Nothing is extracted."""

import logging
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from aepipe.errors import DataError

logger = logging.getLogger(__name__)

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
MAXIMUM_MEMBERS = 500_000
MAXIMUM_MEMBER_BYTES = 64 << 20
MAXIMUM_TOTAL_BYTES = 64 << 30
ENCRYPTED = 1


@dataclass(frozen=True)
class Member:
    """One file: its name with slashes below the top, and how its bytes are read (raises `DataError`)."""

    name: str
    read: Callable[[], bytes]


def is_picture_name(name: str) -> bool:
    """Tell whether a file of this name below a top folder is taken for a picture; hidden and outside ones are not."""
    path = PurePosixPath(name)
    is_hidden = any(part.startswith((".", "/", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not is_hidden


def list_folder(folder: Path) -> list[Member]:
    """Return the picture files below a folder, by name; links to folders are not followed."""
    paths = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    files = {path.relative_to(folder).as_posix(): path for path in paths}
    names = [name for name in sorted(files) if is_picture_name(name)]
    return [Member(name, partial(_read_file, files[name])) for name in names]


def _read_file(path: Path) -> bytes:
    try:
        _check_size(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"It can't be read: {error.strerror}.") from error


@contextmanager
def open_zip(path: Path) -> Iterator[list[Member]]:
    """Give the picture files in a zip file, by name; links, encrypted and oddly packed ones are left out.

    Raises:
        DataError: it is no zip file, or holds more than is reasonable.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"It must be a zip file: {error}.", path=str(path)) from error
    with archive:
        entries = {entry.filename: entry for entry in archive.infolist() if is_picture_name(entry.filename)}
        check_bounds([entry.file_size for entry in entries.values()])
        names = [name for name in sorted(entries) if _is_plain(entries[name])]
        yield [Member(name, partial(_read_entry, archive, entries[name])) for name in names]


def check_bounds(sizes: Sequence[int]) -> None:
    """Check the number and the sizes in bytes of files, as they were announced.

    Raises:
        DataError: there are too many files or bytes.
    """
    if len(sizes) > MAXIMUM_MEMBERS or sum(sizes) > MAXIMUM_TOTAL_BYTES:
        raise DataError(
            f"There must be at most {MAXIMUM_MEMBERS} pictures of {MAXIMUM_TOTAL_BYTES} bytes together.",
            num_pictures=len(sizes),
            num_bytes=sum(sizes),
        )


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    file_type = stat.S_IFMT(entry.external_attr >> 16)
    # The other compressions can't be read in bounded steps.
    is_bounded = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    is_plain = file_type in (0, stat.S_IFREG) and is_bounded and not entry.flag_bits & ENCRYPTED
    if not is_plain:
        logger.warning("%s is left out: it is a link, encrypted or not deflated.", entry.filename)
    return is_plain


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    _check_size(entry.file_size)
    try:
        with archive.open(entry) as stream:
            # A size makes it decompress no more than announced.
            return stream.read(entry.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"Its entry in the zip file is damaged: {error}.") from error


def list_s3(url: str) -> tuple[list[Member], dict[str, str]]:
    """Return the picture files under an s3://bucket/prefix, by name, and the version that S3 names for each.

    Raises:
        DataError: the prefix holds more than is reasonable.
        StoreError: the prefix can't be listed; a member's `read` raises it, too.
    """
    from aepipe.io.s3_objects import Objects

    prefix = Objects(url)
    objects = {name: item for name, item in prefix.listing().items() if is_picture_name(name)}
    check_bounds([item["Size"] for item in objects.values()])
    members = [Member(name, partial(_read_s3, prefix, name, item)) for name, item in objects.items()]
    return members, {name: item["ETag"] for name, item in objects.items()}


def _read_s3(prefix, name: str, item: Mapping) -> bytes:
    _check_size(item["Size"])
    return prefix.read(name, item["ETag"], MAXIMUM_MEMBER_BYTES)


def _check_size(num_bytes: int) -> None:
    if num_bytes > MAXIMUM_MEMBER_BYTES:
        raise DataError(f"A picture must have at most {MAXIMUM_MEMBER_BYTES} bytes.", num_bytes=num_bytes)
