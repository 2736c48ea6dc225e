"""Checks compare with the state of the data that the run's own model in the channel is of."""

import pytest
from releases import put_release

from aepipe.checks.reference import find_reference
from aepipe.releases.channels import point_channel
from aepipe.releases.manifest import manifest_sha256
from aepipe.store import open_store

RELEASE, NAME = "20260201T000000Z-b", "images-mine"
PATHS = {"dense": f"data/{NAME}.parquet", "conv": f"data/{NAME}-0a1b2c3d.parquet"}
MEASURES = f"data/{NAME}-measures.npz"


@pytest.fixture
def store(tmp_path):
    """A channel whose release keeps one model of another night, with the index of that night's images."""
    store = open_store(tmp_path / "store")
    facts = {"verdict": "first", "origin": RELEASE, "data_set": NAME}
    recipes = {model: {**facts, "recipe": model, "index": path} for model, path in PATHS.items()}
    more = {path: model.encode() for model, path in PATHS.items()} | {MEASURES: b"measures"}
    manifest = put_release(store, RELEASE, dict.fromkeys(PATHS, b"model"), more=more, recipes=recipes)
    digest = manifest_sha256(manifest)
    point_channel(store, "production", RELEASE, digest, action="promoted", why="tests", by="tests")
    return store


@pytest.mark.parametrize(
    ("models", "path"),
    [(["dense"], PATHS["dense"]), (["conv"], PATHS["conv"]), (["conv", "dense"], PATHS["conv"]), ([], PATHS["dense"])],
)
def test_the_index_is_that_of_the_runs_model(store, models, path):
    found = find_reference(store, "production", NAME, models)
    assert found.index.uri.endswith(f"{RELEASE}/{path}")
    # The measures are of the images that the data set's own name stands for.
    assert (found.measures is not None) == (path == PATHS["dense"])


def test_another_data_set_has_no_reference(store):
    assert find_reference(store, "production", "images-others", ["conv"]) is None
