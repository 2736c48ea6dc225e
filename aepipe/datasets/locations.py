"""Places that a user's own images lie at: a folder, an archive, an npz file, a table beside them, an s3:// prefix."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from aepipe.datasets.formats.folders import list_folder
from aepipe.datasets.formats.members import Listing, Stamp, is_table, stamp_of, written_meanwhile
from aepipe.datasets.formats.s3_prefix import list_s3
from aepipe.datasets.formats.tars import is_tar, open_tar
from aepipe.datasets.formats.zips import open_zip
from aepipe.errors import DataError
from aepipe.io.hashing import file_sha256
from aepipe.io.urls import has_secrets, without_secrets

WAY_OUT = "Name a folder, a .zip, .tar or .npz file or an s3://bucket/prefix with pictures: images:/path/to/them."


def check_location(location: str) -> None:
    """Check what can be checked of a location before anything is read.

    Raises:
        DataError: it holds a password.
    """
    if has_secrets(location):
        raise DataError(
            "The address of images holds no keys.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
            location=without_secrets(location),
        )


def holds_arrays(location: str) -> bool:
    """Tell whether a location is an npz file."""
    return location.endswith(".npz") and not location.startswith("s3://")


def names_table(location: str) -> bool:
    """Tell whether a location is a table of the images that lie with it."""
    name = location.rpartition("/")[2]
    return is_table(name) and (location.startswith("s3://") or existing(location).is_file())


def is_archive(location: str) -> bool:
    """Tell whether a location is one file on this machine that has the pictures in it: a zip or tar file."""
    return not location.startswith("s3://") and Path(location).expanduser().is_file() and not names_table(location)


def existing(location: str) -> Path:
    """Return the path of a location on this machine.

    Raises:
        DataError: neither a file nor a folder is there.
    """
    path = Path(location).expanduser()
    if not path.is_file() and not path.is_dir():
        raise DataError("The images must exist.", WAY_OUT, location=location)
    return path


@contextmanager
def open_listing(location: str) -> Iterator[Listing]:
    """Give the files at a location that may be pictures.

    Raises:
        DataError: there is no such location, or it can't be listed.
        StoreError: S3 does not list it.
    """
    if names_table(location):
        folder, _, table = location.rpartition("/")
        with open_listing(folder or ".") as listing:
            yield replace(listing, table=table)
    elif location.startswith("s3://"):
        yield list_s3(location)
    elif is_archive(location):
        with (open_tar if is_tar(location) else open_zip)(existing(location)) as listing:
            yield listing
    else:
        yield list_folder(existing(location))


class OneFile:
    """A zip, tar or npz file, which must not change between its digest and the end of its reading."""

    def __init__(self, location: str):
        self._location = location
        self._stamp: Stamp | None = None

    def sha256(self) -> str:
        """Return the hex digest of the file's bytes, and remember which file that was."""
        path = existing(self._location)
        self._stamp = stamp_of(path)
        return file_sha256(path)

    def check_unchanged(self) -> None:
        """Check that the file is still the one that had the digest, if it was asked for.

        Raises:
            ChangedDataError: it is another one.
        """
        path = existing(self._location)
        if self._stamp is not None and self._stamp != stamp_of(path):
            raise written_meanwhile(path)
