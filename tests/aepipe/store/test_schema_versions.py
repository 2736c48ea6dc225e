"""Every document of a store says its version: older ones are read, a newer one is refused in a line, and alone."""

import json
import logging

import pytest
from command_line import app
from releases import put_release
from typer.testing import CliRunner

from aepipe.errors import NewerObjectError
from aepipe.gate.decision import Decision, decision_bytes
from aepipe.gate.verdicts import Verdict
from aepipe.preprocess import Preprocessing
from aepipe.publishing.equal import read_verdicts
from aepipe.publishing.promotion import promote
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.recipes.trained import TrainedRecipe, TrainingImages
from aepipe.releases.channels import read_channel
from aepipe.releases.manifest import read_manifest
from aepipe.stages.facts import TrainedFacts
from aepipe.stages.results import TrainedResult, find_stage, produce_stage
from aepipe.store import open_store
from aepipe.store.parsing import parse_stored

OLD, NEW = "20260101T000000Z-a", "20260201T000000Z-b"
VERDICT = Verdict(recipe="dense", verdict="first", reason="There is nothing to compare with.")
STAGE = "stages/train/f/manifest.json"
RECIPE = f"releases/{NEW}/models/dense/recipe.json"
DECISION = f"releases/{NEW}/decision.json"
READERS = {
    f"releases/{NEW}/manifest.json": (1, lambda store: read_manifest(store, NEW)),
    "channels/staging.json": (1, lambda store: read_channel(store, "staging")),
    STAGE: (1, lambda store: find_stage(store, "train", "f", TrainedResult)),
    RECIPE: (1, lambda store: parse_stored(store.get(RECIPE), TrainedRecipe, RECIPE)),
    DECISION: (2, lambda store: read_verdicts(store, NEW)),
}
# Each passes over what it can't read, and does the rest.
COMMANDS = [
    ["releases", "list"],
    ["releases", "index"],
    ["releases", "verify", OLD, "--full"],
    ["releases", "prune", "--keep", "1", "--grace-hours", "0"],
    ["releases", "prune", "--keep", "1", "--grace-hours", "0", "--delete"],
    ["table"],
]


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store with one of each document."""
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    store = open_store(tmp_path / "store")
    for release in (OLD, NEW):
        put_release(store, release, {"dense": b"model"}, lineage={"dense": {"train": "f"}})
    promote(store, "production", OLD, "w", "b")
    promote(store, "staging", NEW, "w", "b")
    plan = plan_training("mnist-dense", "tuned", "quick", Overrides(), (8, 8, 1))
    images = TrainingImages(name="digits", pixel_range=(0, 16), preprocessing=Preprocessing())
    store.put(RECIPE, TrainedRecipe(plan=plan, trained_on=images).model_dump_json().encode())
    store.put(DECISION, decision_bytes([VERDICT]))
    facts = TrainedFacts(num_parameters=1, num_epochs=1, kept_epoch=1, training_seconds=0.1, hardware="CPU")
    produce_stage(store, "train", "f", TrainedResult, lambda _: facts)
    return store


def change(store, key, **changes):
    store.put(key, json.dumps({**json.loads(store.get(key)), **changes}).encode())


@pytest.mark.parametrize("key", READERS)
def test_every_document_says_its_version(store, key):
    version, read = READERS[key]
    assert json.loads(store.get(key))["schema_version"] == version
    assert read(store)


@pytest.mark.parametrize("key", READERS)
def test_one_of_a_newer_version_is_refused_in_one_line(store, key):
    version, read = READERS[key]
    change(store, key, schema_version=version + 1)
    with pytest.raises(NewerObjectError) as refused:
        read(store)
    assert str(refused.value) == (
        f"This aepipe reads schema versions up to {version} of it. "
        f"Received: key='{key}', schema_version={version + 1}. A newer aepipe wrote it: update this one."
    )


@pytest.mark.parametrize("key", READERS)
def test_one_of_a_newer_version_stops_nothing_and_stays(store, key, caplog):
    caplog.set_level(logging.WARNING)
    change(store, key, schema_version=9, another="form")
    before = store.get(key)
    for arguments in COMMANDS:
        done = CliRunner().invoke(app, [*arguments, "--store", str(store.root)], env={"COLUMNS": "160"})
        assert done.exit_code == 0, (arguments, done.output, done.exception)
    assert store.get(key) == before
    assert OLD in store.get("index.html").decode()


@pytest.mark.parametrize("key", [STAGE, RECIPE])
def test_one_without_a_version_has_version_1(store, key):
    read = READERS[key][1]
    now = read(store)
    document = json.loads(store.get(key))
    del document["schema_version"]
    store.put(key, json.dumps(document).encode())
    assert read(store) == now


def test_a_decision_of_version_1_is_the_bare_list(store):
    store.put(DECISION, json.dumps([VERDICT.model_dump(mode="json")]).encode())
    assert read_verdicts(store, NEW) == (VERDICT,) == Decision(verdicts=(VERDICT,)).verdicts
