import struct

import numpy as np
import pytest
from scipy.io import savemat

from aepipe.datasets.formats.matlab import read_matrix
from aepipe.errors import DataError

FACES = np.random.default_rng(0).integers(0, 256, (16, 5), np.uint8)
FACES[0, :2] = [0, 255]


def write(path, compress=True, **arrays):
    savemat(path, arrays, do_compression=compress)
    return path


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8"])
def test_reads_what_scipy_wrote(tmp_path, compress, dtype):
    others = {"p": np.ones((1, 3)), "u": np.random.default_rng(1).random((40, 30)), "note": "text"}
    path = write(tmp_path / "a.mat", compress, **others, faces=FACES.astype(dtype), v=np.eye(3))
    matrix = read_matrix(path, "faces", (16, 5))
    assert matrix.dtype == np.uint8
    assert np.array_equal(matrix, FACES)


def test_big_endian_file(tmp_path):
    def element(kind, content):
        return struct.pack(">II", kind, len(content)) + content + bytes(-len(content) % 8)

    parts = [
        (6, struct.pack(">II", 9, 0)),
        (5, struct.pack(">2i", 16, 5)),
        (1, b"faces"),
        (2, FACES.tobytes(order="F")),
    ]
    matrix = element(14, b"".join(element(*part) for part in parts))
    path = tmp_path / "a.mat"
    path.write_bytes(b" " * 124 + b"\x01\x00MI" + matrix)
    assert np.array_equal(read_matrix(path, "faces", (16, 5)), FACES)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"other": FACES}, "must hold a matrix faces of shape"),
        ({"faces": FACES.T}, "must hold a matrix faces of shape"),
        ({"faces": FACES / 255}, "whole number from 0 to 255"),
        ({"faces": FACES.astype(float) + 1}, "whole number from 0 to 255"),
        ({"faces": np.full((16, 5), np.nan)}, "whole number from 0 to 255"),
        ({"faces": np.full((16, 5), "x", object)}, "must hold numbers"),
    ],
)
def test_other_matrices_are_refused(tmp_path, arrays, reason):
    with pytest.raises(DataError, match=reason):
        read_matrix(write(tmp_path / "a.mat", **arrays), "faces", (16, 5))


@pytest.mark.parametrize("compress", [True, False])
def test_cut_off_anywhere(tmp_path, compress):
    path = write(tmp_path / "a.mat", compress, faces=FACES)
    data = path.read_bytes()
    for length in range(0, len(data) - 8):
        path.write_bytes(data[:length])
        with pytest.raises(DataError):
            read_matrix(path, "faces", (16, 5))
