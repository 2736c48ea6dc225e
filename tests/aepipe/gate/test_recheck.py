"""The gate does not measure what can't be loaded, and a store that is away is no fault of a model."""

import json
import zipfile

import numpy as np
import pytest
from results import done

from aepipe.datasets.pixel_mask import PixelMask
from aepipe.errors import TransientStoreError
from aepipe.gate.recheck import measure_published
from aepipe.models import build
from aepipe.preprocess import Preprocessing
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.recipes.trained import TrainedRecipe, TrainingImages
from aepipe.stages.data import DataParameters, DataStage
from aepipe.stages.outcome import Done
from aepipe.stages.split import SplitStage, recommended_split
from aepipe.store import FolderStore, open_store
from aepipe.training.saving import save_model

RELEASE, RECIPE = "20260101T000000Z-a", "mnist-dense"
PREFIX = f"releases/{RELEASE}/models/{RECIPE}"


@pytest.fixture
def store(tmp_path, monkeypatch) -> FolderStore:
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    return open_store(tmp_path / "store")


@pytest.fixture
def outcome(store, tmp_path) -> Done:
    """A recipe of a run, and a release with a model of it."""
    data = DataStage(DataParameters(data_set="digits")).produce(store)
    split = SplitStage(data, recommended_split(data)).produce(store)
    plan = plan_training(RECIPE, "tuned", "quick", Overrides(), (8, 8, 1))
    images = TrainingImages(name="digits", pixel_range=(0, 16), preprocessing=Preprocessing())
    save_model(build(plan.model, (8, 8, 1), seed=0).model, tmp_path / "model.keras")
    store.put_file(f"{PREFIX}/model.keras", tmp_path / "model.keras")
    store.put(f"{PREFIX}/recipe.json", TrainedRecipe(plan=plan, trained_on=images).model_dump_json().encode())
    return done(RECIPE, plan=plan, data=data, split=split)


def pack(store, config: bytes) -> None:
    """Give the published model another configuration."""
    path = store.path(f"{PREFIX}/model.keras")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**members, "config.json": config}.items():
            archive.writestr(name, data)


def test_a_published_model_is_measured_on_every_held_out_image(store, outcome):
    measured = measure_published(store, RELEASE, RECIPE, outcome)
    assert measured.problem == ""
    assert len(measured.per_image) == outcome.split.facts.num_test


@pytest.mark.parametrize("knows_clean", [True, False])
def test_models_of_pairs_and_of_others_are_no_fair_comparison(store, outcome, knows_clean):
    key = f"{PREFIX}/recipe.json"
    published = json.loads(store.get(key))
    published["trained_on"]["has_clean"] = knows_clean
    store.put(key, json.dumps(published).encode())
    facts = outcome.data.facts.model_copy(update={"clean": None if knows_clean else "/clean"})
    outcome = outcome.model_copy(update={"data": outcome.data.model_copy(update={"facts": facts})})
    measured = measure_published(store, RELEASE, RECIPE, outcome)
    whose = "it was" if knows_clean else "this run's was, it was not,"
    assert measured.problem.startswith(f"no fair comparison: {whose} trained on pairs")


@pytest.mark.parametrize("counts", [np.eye(8) > 0, np.ones((8, 8), bool)])
def test_models_of_which_other_pixels_counted_are_no_fair_comparison(store, outcome, counts):
    key = f"{PREFIX}/recipe.json"
    published = json.loads(store.get(key))
    published["trained_on"]["mask"] = PixelMask.of(counts).model_dump()
    store.put(key, json.dumps(published).encode())
    measured = measure_published(store, RELEASE, RECIPE, outcome)
    assert measured.problem.startswith("no fair comparison: other pixels of its pictures counted.")


def test_a_mask_of_another_size_is_none_of_the_models(store, outcome):
    key = f"{PREFIX}/recipe.json"
    published = json.loads(store.get(key))
    published["trained_on"]["mask"] = PixelMask.of(np.eye(9) > 0).model_dump()
    store.put(key, json.dumps(published).encode())
    assert "a mask has the size of the images" in measure_published(store, RELEASE, RECIPE, outcome).problem


@pytest.mark.parametrize("damage", ["deep", "no zip", "no recipe", "hostile recipe", "gone"])
def test_a_model_that_does_not_load_is_not_measured(store, outcome, damage):
    model, recipe = f"{PREFIX}/model.keras", f"{PREFIX}/recipe.json"
    if damage == "deep":
        pack(store, b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    elif damage == "gone":
        store.delete(model)
    else:
        key, data = {"no zip": (model, b"x"), "no recipe": (recipe, b"{}"), "hostile recipe": (recipe, b"[" * 10**5)}[
            damage
        ]
        store.put(key, data)
    measured = measure_published(store, RELEASE, RECIPE, outcome)
    assert measured.problem.startswith("It can't be loaded: ")
    assert len(measured.per_image) == 0


def test_a_store_that_does_not_answer_holds_no_recipe(store, outcome, monkeypatch):
    def be_away(*_):
        raise TransientStoreError("The server did not answer.")

    monkeypatch.setattr(store, "get_file", be_away)
    with pytest.raises(TransientStoreError):
        measure_published(store, RELEASE, RECIPE, outcome)
