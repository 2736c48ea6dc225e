"""The nearest pictures are found by their codes, and shown from where they lay."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from published_models import NAMES, RECIPE, publish

from aepipe.errors import DataError, ObjectNotFoundError, ParameterError
from aepipe.inference.encoding import encode_pictures
from aepipe.inference.similar import find_similar, nearest
from aepipe.store import open_store


def test_the_nearest_come_first_copies_before_all_and_the_sheet_shows_them(digits_store, pictures, encoded, tmp_path):
    _, folder = encoded
    query, sheet = pictures / "even" / "04.png", tmp_path / "sheet.png"
    done = find_similar(str(query), digits_store, RECIPE, codes=str(folder), count=4, metric="euclidean", sheet=sheet)
    assert {one.path for one in done.neighbours[:2]} == {"even/04.png", "odd/copy.png"}
    distances = [one.distance for one in done.neighbours]
    assert distances == sorted(distances)
    assert distances[1] == pytest.approx(0, abs=1e-5)
    assert (done.num_compared, done.gone) == (13, {})
    with Image.open(sheet) as drawn:
        assert drawn.width > 500
    json.dumps(done.summary())


def test_what_is_gone_or_was_changed_since_is_said(digits_store, pictures, tmp_path):
    folder, codes = tmp_path / "pictures", tmp_path / "codes"
    folder.mkdir()
    for name in ("04", "06", "08"):
        (folder / f"{name}.png").write_bytes((pictures / "even" / f"{name}.png").read_bytes())
    encode_pictures(str(folder), digits_store, RECIPE, output=codes)
    (folder / "06.png").unlink()
    (folder / "08.png").write_bytes((folder / "04.png").read_bytes())
    arguments = {"codes": str(codes / "codes.parquet"), "sheet": tmp_path / "sheet.png"}
    done = find_similar(str(folder / "04.png"), digits_store, RECIPE, **arguments)
    assert done.gone == {"06.png": f"it is no longer in {folder}", "08.png": "it has other bytes than then"}
    assert "2 of them can't be shown" in " ".join(done.lines())
    (codes / "manifest.json").unlink()
    done = find_similar(str(folder / "04.png"), digits_store, RECIPE, **arguments)
    assert set(done.gone) == {"04.png", "06.png", "08.png"}


def test_codes_of_another_model_or_release_are_refused_in_one_line(digits_store, encoded, tmp_path, pictures):
    _, folder = encoded
    table = pq.read_table(folder / "codes.parquet")
    others = ("model", "faces-conv", "--model"), ("release", "20250101T000000Z-0a0b0c", "--channel")
    for column, other, option in others:
        number = table.column_names.index(column)
        changed = table.set_column(number, column, [[other] * len(table)])
        pq.write_table(changed, tmp_path / "codes.parquet")
        with pytest.raises(ParameterError, match=f"same release.*{option} {other}") as caught:
            find_similar(str(pictures / "even" / "04.png"), digits_store, RECIPE, "production", str(tmp_path))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("picture", "codes", "error", "words"),
    [
        ("even", None, ParameterError, "pictures=6. Name one file"),
        ("odd/broken.png", None, DataError, "must be readable"),
        ("even/04.png", "nowhere", ObjectNotFoundError, "or the id of results in the store"),
        ("even/04.png", "20200101T000000Z-0a0b0c0d", ObjectNotFoundError, "manifest.json"),
    ],
)
def test_what_can_not_be_compared_is_said(digits_store, pictures, encoded, picture, codes, error, words):
    with pytest.raises(error, match=words):
        find_similar(str(pictures / picture), digits_store, RECIPE, codes=codes or str(encoded[1]))


def test_without_codes_it_is_said_how_to_get_some(tmp_path):
    empty = open_store(str(tmp_path))
    files = {name: tmp_path / name for name in NAMES}
    for path in files.values():
        path.write_bytes(b"")
    publish(empty, files, {RECIPE: "first"})
    with pytest.raises(ObjectNotFoundError, match=f"aepipe encode IMAGES --model {RECIPE}"):
        find_similar("any.png", empty, RECIPE)


def test_distances_are_those_of_their_definition():
    codes = np.array([[1, 0], [0, 2], [3, 0.5]], np.float32)
    rows, distances = nearest(codes, np.array([2, 0], np.float32), 5, "euclidean")
    assert rows.tolist() == [0, 2, 1]
    assert distances == pytest.approx([1, np.sqrt(1.25), np.sqrt(8)])
    rows, distances = nearest(codes, np.array([2, 0], np.float32), 2, "cosine")
    assert rows.tolist() == [0, 2]
    assert distances == pytest.approx([0, 1 - 3 / np.sqrt(9.25)], abs=1e-6)
