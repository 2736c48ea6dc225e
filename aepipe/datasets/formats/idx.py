"""The idx format of MNIST: a magic number, the sizes, the values; gzipped. Only unsigned bytes."""

import math
import struct
from pathlib import Path

import numpy as np

from aepipe.datasets.formats.bounded import read_gzip
from aepipe.errors import DataError

UNSIGNED_BYTE = 8


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Return the uint8 array of a gzipped idx file.

    Args:
        path: The file.
        shape: What it must hold; no more than this is decompressed.

    Raises:
        DataError: it holds another type or shape, or is damaged.
    """
    header_size = 4 + 4 * len(shape)
    data = read_gzip(path, header_size + math.prod(shape))
    header = struct.pack(f">BBBB{len(shape)}I", 0, 0, UNSIGNED_BYTE, len(shape), *shape)
    if data[:header_size] != header:
        raise DataError(
            f"The idx header must announce unsigned bytes of shape {shape}.", header=data[:header_size].hex()
        )
    if len(data) != header_size + math.prod(shape):
        raise DataError(f"The idx file must hold {math.prod(shape)} values.", values=len(data) - header_size)
    return np.frombuffer(data, np.uint8, offset=header_size).reshape(shape)
