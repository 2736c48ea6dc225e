"""Codes of pictures are those that Python gives, with what they are of."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from published_models import RECIPE, RELEASE

from aepipe.errors import CorruptObjectError
from aepipe.inference.codes import read_codes, write_array
from aepipe.inference.encoding import encode_pictures
from aepipe.inference.left_out import drop_rows
from aepipe.inference.loading import load
from aepipe.inference.similar import find_similar
from aepipe.results import list_results, read_table


def test_codes_are_those_that_python_gives(digits_store, pictures, encoded):
    _, folder = encoded
    table = pq.read_table(folder / "codes.parquet").to_pandas()
    sound = table[table["state"] == "ok"]
    images = np.stack([np.asarray(Image.open(pictures / path)) for path in sound["path"]])
    loaded = load(digits_store, RECIPE)
    expected = loaded.encode(loaded.preprocess(images, (0, 255)))
    assert np.stack(sound["code"]).tobytes() == expected.tobytes()
    assert np.load(folder / "codes.npy").tobytes() == expected.tobytes()
    assert sorted(sound["path"]) == sound["path"].tolist()
    assert set(zip(table["model"], table["release"], strict=True)) == {(RECIPE, RELEASE)}


def test_a_broken_picture_is_a_row_with_its_reason(encoded):
    done, folder = encoded
    (broken,) = pq.read_table(folder / "codes.parquet", filters=[("state", "=", "broken")]).to_pylist()
    assert (broken["path"], broken["code"]) == ("odd/broken.png", None)
    assert "must be a picture" in broken["reason"]
    summary = done.summary()
    assert (summary["num_pictures"], summary["num_unreadable"], summary["code_size"]) == (13, 1, 8)
    assert json.loads((folder / "manifest.json").read_text())["kind"] == "encode"
    assert "1 file could not be read" in " ".join(done.lines())


def test_only_new_pictures_are_encoded_and_nothing_new_writes_nothing(digits_store, pictures, tmp_path):
    first = encode_pictures(str(pictures), digits_store, RECIPE, new_only=True)
    assert first.manifest.num_pictures == 13
    again = encode_pictures(str(pictures), digits_store, RECIPE, new_only=True)
    assert again.manifest is None
    assert "Nothing is new" in " ".join(again.lines())
    Image.fromarray(np.full((8, 8), 7, np.uint8)).save(tmp_path / "new.png")
    encode_pictures(str(tmp_path), digits_store, RECIPE, new_only=True)
    # Two runs of one second have no order.
    found = sorted(list_results(digits_store, RECIPE, "encode"), key=lambda manifest: manifest.num_pictures)
    assert [manifest.num_pictures for manifest in found] == [1, 13]
    assert read_table(digits_store, found[0])["path"].tolist() == ["new.png"]
    # All of them are compared with, of both runs.
    similar = find_similar(str(tmp_path / "new.png"), digits_store, RECIPE, count=3)
    assert (similar.num_compared, similar.neighbours[0].path) == (14, "new.png")


def test_what_others_encoded_meanwhile_is_taken_out(encoded, tmp_path):
    _, folder = encoded
    for name in ("codes.parquet", "codes.npy"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    before = pq.read_table(tmp_path / "codes.parquet").to_pandas()
    chosen = before[before["path"].isin(["even/00.png", "odd/broken.png"])]
    left = drop_rows(tmp_path / "codes.parquet", set(chosen["digest"]))
    assert (left.num_pictures, left.num_unreadable, left.num_gone) == (12, 0, 2)
    assert drop_rows(tmp_path / "codes.parquet", set(chosen["digest"])).num_gone == 0
    write_array(tmp_path / "codes.parquet", tmp_path / "codes.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), np.load(folder / "codes.npy")[1:])


def test_a_table_that_is_none_is_said(tmp_path):
    pq.write_table(pa.table({"path": ["a"]}), tmp_path / "codes.parquet")
    with pytest.raises(CorruptObjectError, match=r"aepipe encode wrote.*missing"):
        read_codes(tmp_path / "codes.parquet")
