import gzip
import struct

import numpy as np
import pytest

from aepipe.datasets.formats.idx import read_idx
from aepipe.errors import DataError

VALUES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def write(path, header, values):
    path.write_bytes(gzip.compress(header + values))
    return path


def test_reads_what_the_format_says(tmp_path):
    path = write(tmp_path / "a.gz", bytes.fromhex("00000803") + struct.pack(">3I", 2, 3, 4), VALUES.tobytes())
    assert np.array_equal(read_idx(path, (2, 3, 4)), VALUES)


@pytest.mark.parametrize(
    ("header", "values", "reason"),
    [
        (bytes.fromhex("00000803") + struct.pack(">3I", 2, 4, 3), bytes(24), "header must announce"),
        (bytes.fromhex("00000D03") + struct.pack(">3I", 2, 3, 4), bytes(24), "header must announce"),
        (bytes.fromhex("00000803") + struct.pack(">3I", 2, 3, 4), bytes(23), "must hold 24 values"),
        (b"", b"", "header must announce"),
    ],
)
def test_anything_else_is_refused(tmp_path, header, values, reason):
    with pytest.raises(DataError, match=reason):
        read_idx(write(tmp_path / "a.gz", header, values), (2, 3, 4))
