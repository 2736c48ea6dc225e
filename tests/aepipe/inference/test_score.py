"""Scores of somebody's pictures, through the command and the library: a row for each, a page, nothing twice."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import app
from PIL import Image
from published_models import NAMES, RECIPE, RELEASE, publish
from sklearn.datasets import load_digits
from typer.testing import CliRunner

import aepipe
from aepipe.datasets.formats.fitting import Form, fitted
from aepipe.errors import DataError, ObjectNotFoundError, ParameterError
from aepipe.inference import using
from aepipe.inference.score import score_pictures
from aepipe.inference.suspects import in_picture
from aepipe.inference.watched_runs import watched_of
from aepipe.results import list_results, read_table

DIGITS = load_digits()
PIXELS = np.round(DIGITS.images * (255 / 16)).astype(np.uint8)
COLUMNS = "path digest error score score_name p_value verdict model release state reason"

on_a_folder = pytest.mark.parametrize("store_url", ["folder"], indirect=True)


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Threes and other digits, one larger, one that is broken."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for row in range(12):
        Image.fromarray(PIXELS[row]).save(folder / f"{row:02}-{DIGITS.target[row]}.png")
    Image.fromarray(np.kron(PIXELS[3], np.ones((30, 40), np.uint8))).save(folder / "large.jpg")
    (folder / "=broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    return folder


def run(*arguments):
    return CliRunner().invoke(app, ["score", *map(str, arguments)], catch_exceptions=False)


@on_a_folder
def test_every_picture_has_a_row_and_the_worst_have_heat_maps(published_store, pictures, tmp_path):
    output = tmp_path / "scores"
    given = ["--model", RECIPE, "--store", published_store.url, "--false-alarm-rate", 0.05, "--worst", 3]
    done = run(pictures, *given, "--output", output)
    assert done.exit_code == 0, done.output
    table, again = pd.read_parquet(output / "scores.parquet"), pd.read_csv(output / "scores.csv")
    assert list(table) == list(again) == COLUMNS.split()
    assert table["path"].tolist() == sorted(path.name for path in pictures.iterdir())
    broken, good = table.iloc[12], table[table["state"] == "ok"]
    assert (broken["path"], broken["state"]) == ("=broken.png", "broken")
    assert broken[["error", "score", "p_value", "verdict"]].isna().all()
    assert "must be a picture" in broken["reason"]
    assert again["path"].iloc[12] == "'=broken.png"
    loaded = aepipe.load(published_store, RECIPE)
    expected = loaded.score(loaded.preprocess(PIXELS[:12], (0, 255)), 0.05)
    found = table[:12]
    assert found["verdict"].tolist() == expected["verdict"].tolist()
    for name in ("error", "score", "p_value"):
        np.testing.assert_allclose(found[name].astype(float), expected[name], rtol=1e-4)
    assert set(table["score_name"]) == {loaded.scoring.spec.score}
    assert set(zip(table["model"], table["release"], strict=True)) == {(RECIPE, RELEASE)}
    worst = good.sort_values("score", ascending=False)["path"].head(3).tolist()
    maps = sorted(path.name for path in (output / "heat-maps").iterdir())
    assert maps == [f"{rank}-{path.rpartition('.')[0]}.png" for rank, path in enumerate(worst, 1)]
    page = (output / "page.html").read_text()
    places = [page.index(f"<figcaption>{path}<") for path in worst]
    assert places == sorted(places)
    assert (page.count("data:image/webp"), 'src="http' in page) == (4, False)
    num_anomalous = (good["verdict"] == "anomalous").sum()
    assert f"{num_anomalous} of 13 pictures anomalous by {loaded.scoring.spec.score}" in done.output
    assert "1 file could not be read" in done.output
    assert str(output) in done.output
    assert (output / "manifest.json").is_file()
    assert list_results(published_store) == []


def test_only_what_is_new_is_scored(published_store, pictures):
    given = [pictures, "--model", RECIPE, "--store", published_store.url, "--new-only", "--json", "--worst", 0]
    first = json.loads(run(*given).stdout)
    assert (first["num_pictures"], first["num_unreadable"], first["num_skipped"]) == (13, 1, 0)
    again = json.loads(run(*given).stdout)
    assert (again["run"], again["num_pictures"], again["num_skipped"]) == (None, 0, 14)
    (pictures / "copy.png").write_bytes((pictures / "00-0.png").read_bytes())
    Image.fromarray(PIXELS[20]).save(pictures / "new.png")
    third = json.loads(run(*given).stdout)
    assert (third["num_pictures"], third["num_skipped"]) == (1, 15)
    results = {manifest.run: manifest for manifest in list_results(published_store, RECIPE, "score")}
    assert results.keys() == {third["run"], first["run"]}
    assert read_table(published_store, results[third["run"]])["path"].tolist() == ["new.png"]
    watched = watched_of(results[first["run"]])
    assert (watched.watched.num_pictures, watched.watched.num_unreadable) == (13, 1)
    assert watched.page == f"{first['run']}/page.html"


@on_a_folder
def test_what_others_came_to_meanwhile_is_left_out(published_store, pictures, tmp_path, monkeypatch):
    """Another run has some of the pictures, and looks before this one has written."""
    some = tmp_path / "some"
    some.mkdir()
    for path in sorted(pictures.iterdir())[:5]:
        (some / path.name).write_bytes(path.read_bytes())
    look, others = using.find_known, []

    def look_and_let_another_run(*given):
        found = look(*given)
        if not others:
            others.append(None)
            others.append(score_pictures(str(some), published_store, RECIPE, new_only=True, worst=2))
        return found

    monkeypatch.setattr(using, "find_known", look_and_let_another_run)
    done = score_pictures(str(pictures), published_store, RECIPE, new_only=True, worst=4)
    names = [read_table(published_store, one.manifest)["path"].tolist() for one in (done, others[1])]
    assert sorted(names[0] + names[1]) == sorted(path.name for path in pictures.iterdir())
    assert (done.manifest.num_pictures, done.manifest.num_skipped) == (8, 5)
    assert len([file for file in done.manifest.files if file.path.startswith("heat-maps/")]) == len(done.scored.worst)
    assert not {suspect.picture.path for suspect in done.scored.worst} & set(names[1])
    # A view would keep its batch in memory.
    assert all(suspect.reconstruction.base is None for suspect in done.scored.worst)


@on_a_folder
def test_rows_of_a_built_in_set_are_scored(published_store):
    done = score_pictures(None, published_store, RECIPE, rows="digits:all:0-9", worst=1)
    assert done.scored.table["path"].tolist() == [f"digits:all:{row:04}" for row in range(10)]
    assert done.manifest.source == "digits:all:0-9"


@on_a_folder
def test_files_that_are_all_broken_are_results(published_store, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = score_pictures(str(tmp_path / "pictures"), published_store, RECIPE, output=tmp_path / "out")
    assert (done.manifest.num_pictures, done.manifest.num_unreadable) == (0, 1)
    assert "could not be read" in (tmp_path / "out" / "page.html").read_text()


MISTAKES = {
    "rate": ({"false_alarm_rate": 0}, ParameterError, "false_alarm_rate=0"),
    "worst": ({"worst": 1000}, ParameterError, "worst=1000"),
    "score": ({"score": "mae"}, ParameterError, "score='mae'"),
    "memory": ({"new_only": True, "output": "scores"}, ParameterError, "results in a folder are not in the store"),
    "place": ({"rows": "digits:all"}, ParameterError, "one place"),
}


@on_a_folder
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line(published_store, pictures, mistake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    changes, kind, message = MISTAKES[mistake]
    with pytest.raises(kind) as refused:
        score_pictures(str(pictures), published_store, RECIPE, **changes)
    assert message in str(refused.value)
    assert not (tmp_path / "scores").exists()


@on_a_folder
def test_a_release_without_calibration_says_how_to_get_one(
    published_store, store_url, trained_files, pictures, tmp_path
):
    store = aepipe.open_store(tmp_path / "older")
    publish(store, {name: trained_files[name] for name in NAMES}, {RECIPE: "promoted"})
    with pytest.raises(ObjectNotFoundError, match="Train it again"):
        score_pictures(str(pictures), store, RECIPE)


@on_a_folder
def test_no_pictures_are_an_error(published_store, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "notes").write_bytes(b"no picture")
    with pytest.raises(DataError, match="At least one"):
        score_pictures(str(tmp_path / "pictures"), published_store, RECIPE)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("own", [(60, 40), (40, 90), (16, 16)])
def test_a_map_lies_where_its_picture_does(fit, own):
    """A bright place in the picture is where the map of the model's view is hot."""
    y, x = np.mgrid[: own[0], : own[1]]
    spot = np.exp(-((y - own[0] * 0.4) ** 2 + (x - own[1] * 0.55) ** 2) / (2 * (min(own) / 12) ** 2)).astype(np.float32)
    form = Form((16, 16), fit)
    found = in_picture(fitted(spot, form.size, fit), own, form)
    assert found.shape == own
    hot = np.unravel_index(np.nanargmax(found), own)
    assert np.abs(np.subtract(hot, np.unravel_index(spot.argmax(), own))).max() <= 3
    assert np.isnan(found).any() == (fit == "crop" and own != (16, 16))
