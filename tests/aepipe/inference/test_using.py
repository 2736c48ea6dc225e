"""What all uses of a model begin with."""

from dataclasses import replace

import pytest
from picture_files import save_plain
from published_models import RECIPE

from aepipe.datasets.formats.members import Member
from aepipe.inference.encoding import encode_pictures
from aepipe.inference.using import open_job
from aepipe.io.s3_objects import Objects


@pytest.mark.parametrize("store_url", ["folder"], indirect=True)
def test_large_pictures_are_taken_some_at_a_time(published_store, tmp_path, monkeypatch):
    for number in range(7):
        save_plain(tmp_path / f"{number}.png", number)
    # As many values as three of the model's pictures have.
    monkeypatch.setattr("aepipe.datasets.images.MAX_VALUES_AT_ONCE", 3 * 8 * 8)
    with open_job("encode", str(tmp_path), None, published_store, RECIPE, "production", None, False) as job:
        assert [len(batch) for batch in job.batches()] == [3, 3, 1]
    with open_job("encode", str(tmp_path), None, published_store, RECIPE, "production", None, False) as job:
        assert [len(batch) for batch in job.batches(2)] == [2, 2, 2, 1]


@pytest.mark.parametrize("store_url", ["s3"], indirect=True)
def test_objects_that_are_as_they_were_are_known_without_being_read(published_store, tmp_path, monkeypatch):
    read, names = Objects.read, []

    def noting(self, name, etag, max_bytes):
        names.append(name)
        return read(self, name, etag, max_bytes)

    def encode_new():
        names.clear()
        done = encode_pictures(f"{published_store.url}/inbox", published_store, RECIPE, new_only=True)
        return sorted(names), 0 if done.manifest is None else done.manifest.num_pictures, done.pictures.num_skipped

    def lay(name, value):
        save_plain(tmp_path / "one.png", value)
        published_store.put(f"inbox/{name}", (tmp_path / "one.png").read_bytes())

    monkeypatch.setattr(Objects, "read", noting)
    for number in range(3):
        lay(f"{number}.png", number)
    assert encode_new() == (["0.png", "1.png", "2.png"], 3, 0)
    assert encode_new() == ([], 0, 3)
    # A copy, whose bytes are known once they were read.
    lay("copy.png", 0)
    assert encode_new() == (["copy.png"], 0, 4)
    assert encode_new() == ([], 0, 4)
    # Another picture under a known name.
    lay("1.png", 9)
    assert encode_new() == (["1.png"], 1, 3)
    # What is remembered is damaged: all are read, and remembered again.
    (table,) = (info.key for info in published_store.list(f"results/{RECIPE}/files/"))
    published_store.put(table, b"no table")
    assert encode_new() == (["0.png", "1.png", "2.png", "copy.png"], 0, 4)
    assert encode_new() == ([], 0, 4)


def test_an_object_is_as_it_was_where_all_that_is_listed_of_it_is():
    object_ = Member("a.png", bytes, "etag", 3, "2026-01-01T00:00:00+00:00")
    assert object_.state == Member("a.png", bytes, "etag", 3, "2026-01-01T00:00:00+00:00").state
    for change in ({"version": "other"}, {"size_bytes": 4}, {"modified": "2026-01-01T00:00:01+00:00"}):
        assert replace(object_, **change).state != object_.state
    assert Member("a.png", bytes, "1,2,3", 3).state is None
