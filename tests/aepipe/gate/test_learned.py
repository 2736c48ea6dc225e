"""What a published model has learned from is read from its release, whatever became of the stages that made it."""

import numpy as np
import pytest
from own_data import pictures, put_own
from releases import describe
from results import done

from aepipe.gate.fairness import find_comparable
from aepipe.parts import picture_digests
from aepipe.recipes.published import PublishedModel, published_models
from aepipe.splits import SplitSettings
from aepipe.stages.indices import INDEX, load_index
from aepipe.stages.outcome import Done
from aepipe.stages.results import SplitResult, produce_stage
from aepipe.stages.split import SplitStage, load_split
from aepipe.store import open_store
from aepipe.store.local_files import local_file

OLD, OLDER = "20260101T000000Z-a", "20251201T000000Z-a"
PATH = "data/images-mine.parquet"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    return open_store(tmp_path / "store")


def run(store, images: np.ndarray, seed: int = 0, **columns) -> Done:
    data = put_own(store, images, **columns)
    return done("conv", data=data, split=SplitStage(data, SplitSettings(seed=seed)).produce(store))


def publish(store, outcome: Done, release: str = OLD) -> PublishedModel:
    """A release of a run whose stages are gone: the index in it is all that is left."""
    index = local_file(store, outcome.split.files[INDEX]).read_bytes()
    store.put(f"releases/{release}/{PATH}", index)
    facts = {"verdict": "promoted", "recipe": "conv", "data_set": "images-mine", "index": PATH}
    files = {"models/conv/model.keras": b"old", PATH: index}
    return published_models(describe(release, files, recipes={"conv": facts}, lineage={"conv": {}}))["conv"]


def held_out(store, outcome: Done) -> set[str]:
    rows = load_index(store, outcome.split).images
    return set(rows["pixels_sha256"][rows["part"] == "test"])


def test_of_one_added_picture_all_held_out_ones_are_new_to_both(store):
    old = publish(store, run(store, pictures(80)))
    comparable = find_comparable(store, run(store, pictures(81)), old)
    assert comparable.chosen.all()
    assert not comparable.problem


def test_only_what_neither_has_learned_from_is_compared_on(store):
    before, after = run(store, pictures(80), seed=1), run(store, pictures(80), seed=2)
    chosen = find_comparable(store, after, publish(store, before)).chosen
    rows = load_index(store, after.split).images["pixels_sha256"].to_numpy()[load_split(store, after.split).test]
    assert set(rows[chosen]) == held_out(store, before) & held_out(store, after)
    assert 0 < chosen.sum() < len(chosen)


def test_a_picture_whose_group_the_published_model_knows_is_not_fair(store):
    groups = [f"patient {row // 10}" for row in range(80)]
    before = run(store, pictures(80), group=groups)
    # Today only new pictures of the same patients are there, and the split is another one.
    after = run(store, pictures(88)[8:], seed=5, group=[*groups[8:], *groups[:8]])
    comparable = find_comparable(store, after, publish(store, before))
    index, old = load_index(store, after.split).images, load_index(store, before.split).images
    learned = set(old["group"][old["part"] != "test"])
    tests = index["group"].to_numpy()[load_split(store, after.split).test]
    assert comparable.chosen.tolist() == [group not in learned for group in tests]


def test_another_form_of_the_same_pictures_is_not_compared(store):
    old = publish(store, run(store, pictures(80)))
    comparable = find_comparable(store, run(store, pictures(80), form="8x8-pad"), old)
    assert not comparable.chosen.any()
    assert comparable.problem == "its pictures were made 8x8-crop, this run's 8x8-pad."


def test_what_a_parent_has_learned_from_counts(store):
    parent = publish(store, run(store, pictures(80), seed=3), OLDER)
    after = run(store, pictures(80), seed=2)
    alone = find_comparable(store, after, publish(store, run(store, pictures(80), seed=2))).chosen
    chosen = find_comparable(store, after, publish(store, run(store, pictures(80), seed=2)), [parent]).chosen
    assert alone.all()
    assert 0 < chosen.sum() < len(chosen)


def test_where_one_has_learned_from_all_there_is_no_comparison(store):
    before = run(store, pictures(80), part=["test"] * 40 + ["train"] * 40)
    after = run(store, pictures(80), part=["train"] * 40 + ["test"] * 40)
    comparable = find_comparable(store, after, publish(store, before))
    assert not comparable.chosen.any()
    assert comparable.problem.startswith("one of the two has learned from each picture")


def test_a_lost_index_is_no_fair_comparison(store):
    old = publish(store, run(store, pictures(80)))
    store.delete(f"releases/{OLD}/{PATH}")
    assert "is not known any more" in find_comparable(store, run(store, pictures(81)), old).problem


def test_a_release_of_before_there_were_indices_is_compared_by_the_pictures_as_they_were_cut(store):
    before, after = run(store, pictures(80), seed=1), run(store, pictures(80), seed=2)
    rows, digests = load_split(store, before.split), picture_digests(pictures(80))

    def write(folder):
        np.savez(folder / "split.npz", **rows.parts)
        np.savez(folder / "digests.npz", **{part: digests[of_it] for part, of_it in rows.parts.items()})
        return before.split.facts

    split = produce_stage(store, "split", "f" * 64, SplitResult, write)
    recipes, lineage = {"conv": {"verdict": "promoted"}}, {"conv": {"split": split.fingerprint}}
    old = describe(OLD, {"models/conv/model.keras": b"old"}, recipes=recipes, lineage=lineage)
    chosen = find_comparable(store, after, published_models(old)["conv"]).chosen
    assert chosen.tolist() == np.isin(load_split(store, after.split).test, rows.test).tolist()
