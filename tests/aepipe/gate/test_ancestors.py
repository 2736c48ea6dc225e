"""What a model began with counts at the gate, as long as its release is there."""

import pytest
from memory_store import MemoryStore
from releases import put_release
from results import done

from aepipe.gate.ancestors import find_ancestors
from aepipe.recipes.published import published_models
from aepipe.stages.parent import Parent

OLD, NOW, GONE = "20260101T000000Z-a", "20260102T000000Z-b", "20250101T000000Z-c"
NAME = "shoes"


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def incumbent(store):
    put_release(store, OLD, {NAME: b"old"})
    said = {"recipe": "conv", "verdict": "promoted", "started_from": [f"{OLD}/{NAME}", f"{GONE}/{NAME}"]}
    return published_models(put_release(store, NOW, {NAME: b"now"}, recipes={NAME: said}))[NAME]


def ancestors_of(store, outcome, incumbent):
    return [f"{model.manifest.release}/{model.key}" for model in find_ancestors(store, outcome, incumbent)]


def test_what_the_channels_model_began_with_counts_and_what_was_pruned_does_not(store, incumbent):
    assert ancestors_of(store, done("conv"), incumbent) == [f"{OLD}/{NAME}"]


def test_what_the_runs_own_model_began_with_counts_and_the_channels_model_is_no_ancestor_of_its_own(store, incumbent):
    other = put_release(store, "20260103T000000Z-d", {"boots": b"boots"})
    plan = done("conv").plan
    began_with = {"sha256": "0" * 64, "options": plan.model.model_dump_json(), "image_shape": plan.image_shape}
    boots = Parent(release=other.release, model="boots", ancestors=(f"{NOW}/{NAME}",), **began_with)
    assert ancestors_of(store, done("conv", parent=boots), incumbent) == [f"{other.release}/boots", f"{OLD}/{NAME}"]
