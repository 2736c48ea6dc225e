import gzip

import pytest

from aepipe.datasets.formats.bounded import read_gzip
from aepipe.errors import DataError


def test_reads_up_to_the_bound(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"x" * 1000))
    assert read_gzip(path, 1000) == b"x" * 1000
    with pytest.raises(DataError, match="at most 999 bytes"):
        read_gzip(path, 999)


def test_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(50_000_000)))
    with pytest.raises(DataError, match="at most 1000 bytes"):
        read_gzip(path, 1000)
