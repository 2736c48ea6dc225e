"""Codes of pictures are those that Python gives, with what they are of; the nearest are found among them."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from published_models import NAMES, RECIPE, RELEASE, publish, train_on_digits

from aepipe import datasets
from aepipe.errors import CorruptObjectError, DataError, ObjectNotFoundError, ParameterError
from aepipe.inference import mapping
from aepipe.inference.codes import drop_rows, read_codes, write_array
from aepipe.inference.encoding import encode_pictures
from aepipe.inference.labels import verdicts_of
from aepipe.inference.loading import load
from aepipe.inference.mapping import map_pictures
from aepipe.inference.similar import find_similar, nearest
from aepipe.pages.picture_map import COLORS
from aepipe.results import Use, list_results, read_table, working_folder, write_results
from aepipe.store import open_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a release of a model of digits."""
    opened = open_store(str(tmp_path_factory.mktemp("store")))
    publish(opened, train_on_digits(opened), {RECIPE: "first"})
    return opened


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Twelve pictures in two folders, one that is another's copy, and one that is broken."""
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    for number in range(12):
        path = folder / ("even" if number % 2 == 0 else "odd") / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (8, 8), np.uint8)).save(path)
    (folder / "odd" / "copy.png").write_bytes((folder / "even" / "04.png").read_bytes())
    (folder / "odd" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    return folder


@pytest.fixture(scope="module")
def encoded(store, pictures, tmp_path_factory):
    """The pictures' codes in a folder."""
    folder = tmp_path_factory.mktemp("codes") / "new"
    return encode_pictures(str(pictures), store, RECIPE, output=folder, file_format="npy"), folder


def test_codes_are_those_that_python_gives(store, pictures, encoded):
    _, folder = encoded
    table = pq.read_table(folder / "codes.parquet").to_pandas()
    sound = table[table["state"] == "ok"]
    images = np.stack([np.asarray(Image.open(pictures / path)) for path in sound["path"]])
    loaded = load(store, RECIPE)
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


def test_only_new_pictures_are_encoded_and_nothing_new_writes_nothing(store, pictures, tmp_path):
    first = encode_pictures(str(pictures), store, RECIPE, new_only=True)
    assert first.manifest.num_pictures == 13
    again = encode_pictures(str(pictures), store, RECIPE, new_only=True)
    assert again.manifest is None
    assert "Nothing is new" in " ".join(again.lines())
    Image.fromarray(np.full((8, 8), 7, np.uint8)).save(tmp_path / "new.png")
    encode_pictures(str(tmp_path), store, RECIPE, new_only=True)
    found = list_results(store, RECIPE, "encode")
    assert [manifest.num_pictures for manifest in found] == [1, 13]
    assert read_table(store, found[0])["path"].tolist() == ["new.png"]
    # All of them are compared with, of both runs.
    similar = find_similar(str(tmp_path / "new.png"), store, RECIPE, count=3)
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


def test_the_nearest_come_first_copies_before_all_and_the_sheet_shows_them(store, pictures, encoded, tmp_path):
    _, folder = encoded
    query, sheet = pictures / "even" / "04.png", tmp_path / "sheet.png"
    done = find_similar(str(query), store, RECIPE, codes=str(folder), count=4, metric="euclidean", sheet=sheet)
    assert {one.path for one in done.neighbours[:2]} == {"even/04.png", "odd/copy.png"}
    distances = [one.distance for one in done.neighbours]
    assert distances == sorted(distances)
    assert distances[1] == pytest.approx(0, abs=1e-5)
    assert (done.num_compared, done.gone) == (13, {})
    with Image.open(sheet) as drawn:
        assert drawn.width > 500
    json.dumps(done.summary())


def test_what_is_gone_or_was_changed_since_is_said(store, pictures, tmp_path):
    folder, codes = tmp_path / "pictures", tmp_path / "codes"
    folder.mkdir()
    for name in ("04", "06", "08"):
        (folder / f"{name}.png").write_bytes((pictures / "even" / f"{name}.png").read_bytes())
    encode_pictures(str(folder), store, RECIPE, output=codes)
    (folder / "06.png").unlink()
    (folder / "08.png").write_bytes((folder / "04.png").read_bytes())
    arguments = {"codes": str(codes / "codes.parquet"), "sheet": tmp_path / "sheet.png"}
    done = find_similar(str(folder / "04.png"), store, RECIPE, **arguments)
    assert done.gone == {"06.png": f"it is no longer in {folder}", "08.png": "it has other bytes than then"}
    assert "2 of them can't be shown" in " ".join(done.lines())
    (codes / "manifest.json").unlink()
    assert set(find_similar(str(folder / "04.png"), store, RECIPE, **arguments).gone) == {"04.png", "06.png", "08.png"}


def test_codes_of_another_model_or_release_are_refused_in_one_line(store, encoded, tmp_path, pictures):
    _, folder = encoded
    table = pq.read_table(folder / "codes.parquet")
    for column, other in (("model", "faces-conv"), ("release", "20250101T000000Z-0a0b0c")):
        number = table.column_names.index(column)
        changed = table.set_column(number, column, [[other] * len(table)])
        pq.write_table(changed, tmp_path / "codes.parquet")
        with pytest.raises(
            ParameterError, match=f"same release.*--{column.replace('release', 'channel')} {other}"
        ) as caught:
            find_similar(str(pictures / "even" / "04.png"), store, RECIPE, "production", str(tmp_path))
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
def test_what_can_not_be_compared_is_said(store, pictures, encoded, picture, codes, error, words):
    with pytest.raises(error, match=words):
        find_similar(str(pictures / picture), store, RECIPE, codes=codes or str(encoded[1]))


def test_without_codes_it_is_said_how_to_get_some(tmp_path, store):
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


def test_a_table_that_is_none_is_said(tmp_path):
    pq.write_table(pa.table({"path": ["a"]}), tmp_path / "codes.parquet")
    with pytest.raises(CorruptObjectError, match=r"aepipe encode wrote.*missing"):
        read_codes(tmp_path / "codes.parquet")


def test_a_map_has_each_picture_at_its_place_coloured_by_folder(store, pictures, tmp_path):
    done = map_pictures(str(pictures), store, RECIPE, output=tmp_path / "map")
    table = pq.read_table(tmp_path / "map" / "pictures.parquet").to_pandas()
    assert len(table) == 13
    assert table["class"].tolist() == [path.partition("/")[0] for path in table["path"]]
    page = (tmp_path / "map" / "map.html").read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert data["paths"] == table["path"].tolist()
    assert data["colorings"][0]["groups"] == [["even", COLORS[0], 6], ["odd", COLORS[1], 7]]
    assert "1 file could not be read" in page
    assert (done.summary()["num_pictures"], done.summary()["trustworthiness"]) == (13, None)


def test_rows_of_a_data_set_have_its_classes_and_what_has_no_room_is_said(store, tmp_path, monkeypatch):
    monkeypatch.setattr(mapping, "MAX_PICTURES", 60)
    done = map_pictures(None, store, RECIPE, rows="digits:all:0-99")
    table = read_table(store, done.manifest)
    labels = datasets.load("digits").labels
    rows = [int(path.rpartition(":")[2]) for path in table["path"]]
    assert table["class"].tolist() == [str(labels[row]) for row in rows]
    assert (len(rows), rows[0], rows[-1]) == (60, 0, 99)
    assert 0.5 < done.quality["trustworthiness"] <= 1
    assert any(line.startswith("40 more files are not on the map") for line in done.lines())


def test_two_pictures_are_no_map(store, pictures, tmp_path):
    for name in ("04", "06"):
        (tmp_path / f"{name}.png").write_bytes((pictures / "even" / f"{name}.png").read_bytes())
    with pytest.raises(DataError, match=r"at least 3 pictures. Received: num_pictures=2"):
        map_pictures(str(tmp_path), store, RECIPE, output=tmp_path / "map")
    assert not (tmp_path / "map").exists()


def test_a_map_knows_the_latest_verdicts_of_its_release(store, pictures, encoded):
    manifest = encoded[0].manifest
    content = manifest.model_dump(exclude={"schema_version", "run", "finished", "files", "kind"})
    for started, verdicts in (("2026-01-01", ["normal", "normal"]), ("2026-01-02", ["anomalous"])):
        use = Use(**{**content, "kind": "score", "started": f"{started}T00:00:00+00:00"})
        with working_folder(store) as folder:
            digests = ["a", "b"][: len(verdicts)]
            pq.write_table(pa.table({"digest": digests, "verdict": verdicts}), folder / "scores.parquet")
            write_results(store, use, folder)
    assert verdicts_of(store, RECIPE, RELEASE, ["b", "a", "c"]) == ["normal", "anomalous", None]
    assert verdicts_of(store, RECIPE, "20250101T000000Z-0a0b0c", ["a"]) == [None]
