import pyarrow.parquet as pq
import pytest

from aepipe.datasets.index import COLUMNS, make_index, read_index, write_index
from aepipe.errors import CorruptObjectError

ROWS = [
    {"path": "b.png", "state": "broken", "reason": "no PNG"},
    {"path": "a/1.png", "state": "ok", "height": 3, "width": 4, "bits": 8, "class": "a", "block": "x", "block_row": 0},
    {"path": "a/2.png", "state": "duplicate", "reason": "a/1.png", "kind": "anomalous", "part": "test"},
]


def test_an_index_comes_back_as_it_was_written(tmp_path):
    index = make_index(ROWS, {"size": "3x4"})
    for name in ("one", "two"):
        write_index(index, tmp_path / name)
    found = read_index(tmp_path / "one")
    assert found.rows.equals(index.rows)
    assert found.facts == {"size": "3x4"}
    assert found.rows["path"].tolist() == ["a/1.png", "a/2.png", "b.png"]
    assert found.images["path"].tolist() == ["a/1.png", "a/2.png"]
    assert found.rows["kind"].tolist() == ["unknown", "anomalous", "unknown"]
    assert found.rows["height"].tolist() == [3, None, None]
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_anybody_reads_it_as_parquet(tmp_path):
    write_index(make_index(ROWS), tmp_path / "index.parquet")
    table = pq.read_table(tmp_path / "index.parquet")
    assert {name: str(table.schema.field(name).type) for name in table.column_names} == {
        name: kind for name, (kind, _) in COLUMNS.items()
    }


def test_an_index_of_an_older_version_lacks_columns(tmp_path):
    write_index(make_index(ROWS), tmp_path / "whole")
    table = pq.read_table(tmp_path / "whole")
    pq.write_table(table.drop_columns(["mask", "group"]), tmp_path / "old")
    found = read_index(tmp_path / "old")
    assert list(found.rows) == list(COLUMNS)
    assert found.rows["mask"].isna().all()


@pytest.mark.parametrize("damage", ["no table", "newer"])
def test_what_is_no_index_is_refused_in_one_line(tmp_path, damage):
    path = tmp_path / "index.parquet"
    write_index(make_index(ROWS), path)
    if damage == "no table":
        path.write_bytes(path.read_bytes()[:200])
    else:
        table = pq.read_table(path)
        pq.write_table(table.replace_schema_metadata({b"aepipe.schema_version": b"2"}), path)
    with pytest.raises(CorruptObjectError, match="An index must be") as raised:
        read_index(path)
    assert len(str(raised.value).splitlines()) == 1
