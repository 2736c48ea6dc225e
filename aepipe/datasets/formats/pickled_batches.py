"""The pickled batches of CIFAR-10 in their tar file, read without running anything that a pickle asks for."""

import gzip
import io
import pickle
import struct
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aepipe.datasets.formats.bounded import open_gzip
from aepipe.errors import DataError

# What the pickle module raises for bytes that are no pickle, beside its own error.
DAMAGED_PICKLE = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    OverflowError,
    TypeError,
    ValueError,
    struct.error,
)


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
                if member.name in names and member.isreg():
                    found[member.name] = archive.extractfile(member).read()
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"The tar.gz file is damaged or cut off: {error}.") from error
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError("Every batch must be a regular file in the archive.", missing=missing)
    return found


def read_batch(data: bytes) -> dict[str, Any]:
    """Return what a pickled batch holds; numpy arrays come back as uint8 arrays.

    Raises:
        DataError: the pickle holds anything but byte arrays, str, bytes, list, dict and int, or is damaged.
    """
    try:
        batch = _BatchUnpickler(io.BytesIO(data), encoding="latin1").load()
    except DAMAGED_PICKLE as error:
        raise DataError(f"The batch is no pickle of arrays, text and integers: {error}.") from error
    if not isinstance(batch, dict):
        raise DataError("A batch must be a dict.", type=type(batch).__name__)
    return batch


class _ByteType:
    """Stands in for numpy's dtype while a pickle is read: unsigned bytes, or an error."""

    def __init__(self, code: str, *_: object):
        if code not in ("u1", "|u1"):
            raise pickle.UnpicklingError(f"arrays must have dtype uint8, not {code!r}")

    def __setstate__(self, state: object) -> None:
        """Ignore byte order and alignment, which single bytes don't have."""


class _ByteArray:
    """Stands in for numpy's ndarray while a pickle is read: numpy's own state setter trusts its input."""

    array: np.ndarray | None = None

    def __init__(self, *_: object):
        pass

    def __setstate__(self, state: tuple) -> None:
        _, shape, byte_type, is_fortran, data = state
        if not isinstance(byte_type, _ByteType):
            raise pickle.UnpicklingError("an array must have a dtype")
        raw = data.encode("latin1") if isinstance(data, str) else data
        self.array = np.frombuffer(raw, np.uint8).reshape(shape, order="F" if is_fortran else "C")


# Classes and a built-in only: a pickle can set the attributes of a function that it was given.
ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): _ByteArray,
    ("numpy._core.multiarray", "_reconstruct"): _ByteArray,
    ("numpy", "ndarray"): _ByteArray,
    ("numpy", "dtype"): _ByteType,
    ("_codecs", "encode"): str.encode,
}


class _BatchUnpickler(pickle._Unpickler):
    """Finds only the names in `ADMITTED`; no real module is ever imported.

    It is the pickle module's own implementation in Python: the one in C crashes on damaged input.
    """

    def find_class(self, module: str, name: str) -> Any:
        try:
            return ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not admitted") from None

    def load(self) -> Any:
        value = super().load()
        if not isinstance(value, dict):
            return value
        return {key: item.array if isinstance(item, _ByteArray) else item for key, item in value.items()}
