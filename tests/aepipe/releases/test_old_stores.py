"""A store that 0.1.0 wrote is read, judged by, changed and pruned as one of today."""

import json

import numpy as np
import pytest
from command_line import app
from old_stores import CANDIDATE, COMPOSED, FIRST, WORSE, unpack
from PIL import Image
from typer.testing import CliRunner


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The store, which a test may change."""
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    return unpack("0.1.0-acfb12b", tmp_path)


def aepipe(root, *arguments):
    done = CliRunner().invoke(app, [*map(str, arguments), "--store", str(root)], env={"COLUMNS": "160"})
    assert done.exit_code == 0, (arguments, done.output, done.exception)
    return done.stdout


def named(root, channel="production"):
    return json.loads((root / f"channels/{channel}.json").read_text())["current"]["release"]


def test_its_releases_are_listed_shown_compared_and_whole(root):
    rows = json.loads(aepipe(root, "releases", "list", "--json"))
    assert [row["release"] for row in rows] == [COMPOSED, CANDIDATE, WORSE, FIRST]
    assert "held" in rows[2]["recipes"]
    for release in (FIRST, WORSE, CANDIDATE, COMPOSED):
        assert release in aepipe(root, "releases", "show", release)
        aepipe(root, "releases", "verify", release, "--full")
    assert "0.06267" in aepipe(root, "releases", "diff", FIRST, COMPOSED)
    history = json.loads(aepipe(root, "releases", "history", "--json"))
    assert [entry["action"] for entry in history] == ["rolled back", "promoted", "promoted"]


def test_its_figures_are_in_the_table_and_on_the_page_over_all_releases(root):
    lines = {line["recipe"]: line for line in json.loads(aepipe(root, "table", "--json"))}
    assert set(lines) == {"faces-conv", "mnist-denoising"}
    assert ".0125" in aepipe(root, "table")
    aepipe(root, "releases", "index")
    assert COMPOSED in (root / "index.html").read_text()


def test_its_channels_are_set_and_rolled_back(root):
    assert named(root) == FIRST
    aepipe(root, "releases", "promote", COMPOSED, "--why", "sharper")
    assert named(root) == COMPOSED
    aepipe(root, "releases", "rollback", "--why", "blurred")
    assert named(root) == FIRST
    assert named(root, "demonstration") == COMPOSED


def test_what_no_channel_names_is_pruned(root):
    prune = ["releases", "prune", "--keep", "1", "--grace-hours", "0"]
    # It is what `candidate` would go back to.
    assert WORSE not in aepipe(root, *prune)
    aepipe(root, "releases", "remove-channel", "candidate", "--why", "not needed")
    assert WORSE in aepipe(root, *prune)
    assert (root / "releases" / WORSE).exists()
    aepipe(root, *prune, "--delete")
    left = {path.name for path in (root / "releases").iterdir() if path.is_dir() and any(path.rglob("*.json"))}
    assert WORSE not in left
    assert {FIRST, COMPOSED} <= left
    aepipe(root, "releases", "verify", "production", "--full")


def test_its_models_reconstruct(root, tmp_path):
    (tmp_path / "pictures").mkdir()
    Image.fromarray(np.full((8, 8), 100, np.uint8)).save(tmp_path / "pictures/grey.png")
    for recipe in ("faces-conv", "mnist-denoising"):
        out = tmp_path / recipe
        aepipe(root, "reconstruct", tmp_path / "pictures", "--recipe", recipe, "--output", out)
        assert {path.name for path in out.rglob("*.png")}
        assert (out / "errors.csv").exists()
