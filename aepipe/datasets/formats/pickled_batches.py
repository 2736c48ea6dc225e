"""The pickled batches of CIFAR-10 in their tar file, read without running anything that a pickle asks for."""

import gzip
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from aepipe.datasets.formats.batch_pickle import read_batch
from aepipe.datasets.formats.bounded import open_gzip
from aepipe.errors import DataError

__all__ = ["read_batch", "read_tar_members"]


def read_tar_members(path: Path, names: Sequence[str], max_bytes: int) -> dict[str, bytes]:
    """Return the content of regular files in a gzipped tar, by their exact names. Nothing is extracted.

    Args:
        path: The tar.gz file.
        names: The members to read; all others are passed over.
        max_bytes: Bound on the whole archive after decompression.

    Raises:
        DataError: a member is missing or is no regular file, or the archive is damaged or too large.
    """
    found: dict[str, bytes] = {}
    try:
        with open_gzip(path, max_bytes) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.name in names and member.isreg() else None
                if content is not None:
                    found[member.name] = content.read()
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"The tar.gz file is damaged or cut off: {error}.") from error
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError("Every batch must be a regular file in the archive.", missing=missing)
    return found
