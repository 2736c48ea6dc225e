"""One matrix of bytes in a MATLAB file of version 5. scipy's reader crashes on damaged files; this one can't."""

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from aepipe.errors import DataError

HEADER_BYTES = 128
TAG_BYTES = 8
MATRIX, COMPRESSED = 14, 15
NUMBER_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
BYTE_ORDERS = {b"IM": "<", b"MI": ">"}
# Flags, dimensions and name in front of a matrix's values.
MAX_PREAMBLE_BYTES = 4096


def read_matrix(path: Path, name: str, shape: tuple[int, int]) -> np.ndarray:
    """Return a matrix of whole numbers from 0 to 255 as uint8.

    The format: "MAT-File Format", The MathWorks, chapter 1, level 5.

    Args:
        path: The file.
        name: The variable's name.
        shape: What it must have.

    Raises:
        DataError: there is no such matrix, or the file is damaged.
    """
    data = path.read_bytes()
    order = BYTE_ORDERS.get(data[HEADER_BYTES - 2 : HEADER_BYTES])
    if order is None:
        raise DataError("The file must be a MATLAB file of version 5.", starts=data[:20])
    try:
        for kind, content in _elements(data[HEADER_BYTES:], order):
            matrix = _unpacked(kind, content, order, MAX_PREAMBLE_BYTES + 8 * math.prod(shape))
            values = _values(matrix, order, name, shape)
            if values is not None:
                return _as_bytes(values)
    except (struct.error, zlib.error) as error:
        raise DataError(f"The MATLAB file is damaged or cut off: {error}.") from error
    raise DataError(f"The MATLAB file must hold a matrix {name} of shape {shape}.")


def _elements(data: bytes, order: str) -> Iterator[tuple[int, memoryview]]:
    """Give type and content of each element; one that is cut off ends before its announced length."""
    view, position = memoryview(data), 0
    while position < len(view):
        kind, num_bytes = struct.unpack_from(f"{order}II", view, position)
        # Up to four bytes are packed into the tag itself.
        is_small = kind >> 16
        start = position + (4 if is_small else TAG_BYTES)
        num_bytes = min(kind >> 16, 4) if is_small else num_bytes
        yield kind & 0xFFFF, view[start : start + num_bytes]
        end = position + TAG_BYTES if is_small else start + num_bytes
        position = end if kind == COMPRESSED else math.ceil(end / TAG_BYTES) * TAG_BYTES


def _unpacked(kind: int, content: memoryview, order: str, max_bytes: int) -> bytes:
    """Return the content of a matrix, at most so much of it; empty for anything else."""
    if kind == MATRIX:
        return bytes(content)
    if kind != COMPRESSED:
        return b""
    data = zlib.decompressobj().decompress(content, max_bytes)
    (inner,) = struct.unpack_from(f"{order}I", data)
    return data[TAG_BYTES:] if inner == MATRIX else b""


def _values(matrix: bytes, order: str, name: str, shape: tuple[int, int]) -> np.ndarray | None:
    """Return the matrix's values if it has this name and shape."""
    parts = _elements(matrix, order)
    _flags, dimensions, label = (next(parts, (0, b""))[1] for _ in range(3))
    wanted = struct.pack(f"{order}{len(shape)}i", *shape)
    if bytes(label) != name.encode() or bytes(dimensions) != wanted:
        return None
    kind, content = next(parts, (0, b""))
    if kind not in NUMBER_TYPES:
        raise DataError(f"The matrix {name} must hold numbers.", type=kind)
    dtype = np.dtype(order + NUMBER_TYPES[kind])
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise DataError(f"The matrix {name} must hold {math.prod(shape)} numbers.", num_bytes=len(content))
    return np.frombuffer(content, dtype).reshape(shape, order="F")


def _as_bytes(values: np.ndarray) -> np.ndarray:
    if not np.all((values >= 0) & (values <= 255) & (values == np.floor(values))):
        raise DataError("Every value must be a whole number from 0 to 255.", dtype=str(values.dtype))
    return values.astype(np.uint8)
