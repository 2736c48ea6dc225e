"""A map has the pictures that there are, and says what it has not."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from published_models import RECIPE, RELEASE

from aepipe import datasets
from aepipe.errors import DataError
from aepipe.inference import mapping
from aepipe.inference.labels import verdicts_of
from aepipe.inference.mapping import map_pictures
from aepipe.pages.picture_map import COLORS
from aepipe.results import Use, read_table, working_folder, write_results


def test_a_map_has_each_picture_at_its_place_coloured_by_folder(digits_store, pictures, tmp_path):
    done = map_pictures(str(pictures), digits_store, RECIPE, output=tmp_path / "map")
    table = pq.read_table(tmp_path / "map" / "pictures.parquet").to_pandas()
    assert len(table) == 13
    assert table["class"].tolist() == [path.partition("/")[0] for path in table["path"]]
    page = (tmp_path / "map" / "map.html").read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert data["paths"] == table["path"].tolist()
    assert data["colorings"][0]["groups"] == [["even", COLORS[0], 6], ["odd", COLORS[1], 7]]
    assert "1 file could not be read" in page
    assert (done.summary()["num_pictures"], done.summary()["trustworthiness"]) == (13, None)


def test_rows_of_a_data_set_have_its_classes_and_what_has_no_room_is_said(digits_store, tmp_path, monkeypatch):
    monkeypatch.setattr(mapping, "MAX_PICTURES", 60)
    done = map_pictures(None, digits_store, RECIPE, rows="digits:all:0-99")
    table = read_table(digits_store, done.manifest)
    labels = datasets.load("digits").labels
    rows = [int(path.rpartition(":")[2]) for path in table["path"]]
    assert table["class"].tolist() == [str(labels[row]) for row in rows]
    assert (len(rows), rows[0], rows[-1]) == (60, 0, 99)
    assert 0.5 < done.quality["trustworthiness"] <= 1
    assert any(line.startswith("40 more files are not on the map") for line in done.lines())


def test_two_pictures_are_no_map(digits_store, pictures, tmp_path):
    for name in ("04", "06"):
        (tmp_path / f"{name}.png").write_bytes((pictures / "even" / f"{name}.png").read_bytes())
    with pytest.raises(DataError, match=r"at least 3 pictures. Received: num_pictures=2"):
        map_pictures(str(tmp_path), digits_store, RECIPE, output=tmp_path / "map")
    assert not (tmp_path / "map").exists()


def test_pages_count_as_pictures(digits_store, tmp_path, monkeypatch):
    monkeypatch.setattr(mapping, "MAX_PICTURES", 3)
    pages = [Image.fromarray(np.full((8, 8), number, np.uint8)) for number in range(4)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(DataError, match="room for 3 pictures, pages of files among them"):
        map_pictures(str(tmp_path), digits_store, RECIPE)


def test_a_map_knows_the_latest_verdicts_of_its_release(digits_store, pictures, encoded):
    manifest = encoded[0].manifest
    content = manifest.model_dump(exclude={"schema_version", "run", "finished", "files", "kind"})
    for started, verdicts in (("2026-01-01", ["normal", "normal"]), ("2026-01-02", ["anomalous"])):
        use = Use(**{**content, "kind": "score", "started": f"{started}T00:00:00+00:00"})
        with working_folder(digits_store) as folder:
            digests = ["a", "b"][: len(verdicts)]
            pq.write_table(pa.table({"digest": digests, "verdict": verdicts}), folder / "scores.parquet")
            write_results(digits_store, use, folder)
    assert verdicts_of(digits_store, RECIPE, RELEASE, ["b", "a", "c"]) == ["normal", "anomalous", None]
    assert verdicts_of(digits_store, RECIPE, "20250101T000000Z-0a0b0c", ["a"]) == [None]
