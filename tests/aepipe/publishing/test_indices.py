"""A release lists the images of its models, those that it keeps from another night among them."""

from datetime import UTC, datetime

import pytest
from own_data import pictures, put_own
from releases import put_release
from results import done

from aepipe.datasets.index import read_index
from aepipe.gate.verdicts import Verdict
from aepipe.publishing.promotion import Judgement, promote_passed
from aepipe.publishing.publish import publish_release
from aepipe.publishing.published import Run
from aepipe.releases.channels import point_channel
from aepipe.releases.diff_data import compare_data
from aepipe.releases.download import download
from aepipe.releases.manifest import manifest_sha256, read_manifest
from aepipe.releases.verify import find_problems
from aepipe.splits import SplitSettings
from aepipe.stages.indices import INDEX
from aepipe.stages.split import SplitStage
from aepipe.store import open_store
from aepipe.store.local_files import local_file

OLD, NEW = "20260101T000000Z-a", "20260201T000000Z-b"
PATH = "data/images-mine.parquet"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    return open_store(tmp_path / "store")


def split(store, count: int, **columns):
    data = put_own(store, pictures(count), **columns)
    return data, SplitStage(data, SplitSettings()).produce(store)


def release(store, name: str, models: dict[str, bytes], count: int, **columns):
    """A release of models that were all trained on so many pictures."""
    _, divided = split(store, count, **columns)
    index = local_file(store, divided.files[INDEX]).read_bytes()
    facts = {"verdict": "first", "origin": name, "data_set": "images-mine", "index": PATH}
    recipes = {model: {**facts, "recipe": model} for model in models}
    return put_release(store, name, models, more={PATH: index}, recipes=recipes)


def test_a_run_publishes_the_index_of_its_images(store):
    data, divided = split(store, 40)
    run = Run(flow_run="a", started=datetime(2026, 1, 1, tzinfo=UTC), parameters={"preset": "full"})
    published = publish_release(store, [done("conv", data=data, split=divided)], run)
    manifest = read_manifest(store, published.release)
    file = next(file for file in manifest.files if file.path == PATH)
    assert [summary.index for summary in manifest.recipes.values()] == [PATH]
    assert (file.sha256, file.media_type) == (divided.files[INDEX].sha256, "application/vnd.apache.parquet")


def test_two_states_of_one_data_set_in_a_release_have_a_file_each(store, tmp_path):
    old = release(store, OLD, {"dense": b"old", "conv": b"old too"}, 40)
    point_channel(store, "production", OLD, manifest_sha256(old), action="promoted", why="tests", by="tests")
    new = release(store, NEW, {"dense": b"new", "conv": b"new too"}, 42)
    judged = {"dense": "promoted", "conv": "held"}
    verdicts = tuple(Verdict(recipe=name, verdict=verdict, reason="tests") for name, verdict in judged.items())
    moved = promote_passed(store, "production", new, lambda _, base: Judgement(base, verdicts), None, "run")
    made = read_manifest(store, moved.channel.release)
    assert not find_problems(store, made, full=True)
    counts = {
        name: len(read_index(store.path(f"releases/{made.release}/{summary.index}")))
        for name, summary in made.recipes.items()
    }
    assert counts == {"dense": 42, "conv": 40}
    folder = download(store, made, tmp_path / "copy", ["conv"])
    assert [path.name for path in (folder / "data").iterdir()] == [made.recipes["conv"].index.rpartition("/")[2]]


def test_models_of_one_state_share_a_file(store):
    old = release(store, OLD, {"conv": b"old"}, 40)
    point_channel(store, "production", OLD, manifest_sha256(old), action="promoted", why="tests", by="tests")
    new = release(store, NEW, {"dense": b"new"}, 40)
    verdicts = (Verdict(recipe="dense", verdict="first", reason="tests"),)
    moved = promote_passed(store, "production", new, lambda _, base: Judgement(base, verdicts), None, "run")
    made = read_manifest(store, moved.channel.release)
    assert [file.path for file in made.files if file.path.startswith("data/")] == [PATH]
    assert {summary.index for summary in made.recipes.values()} == {PATH}


def test_what_came_and_went_between_two_releases_is_told(store):
    old = release(store, OLD, {"conv": b"old"}, 40, **{"class": ["a"] * 40})
    new = release(store, NEW, {"conv": b"new"}, 42, **{"class": ["b"] + ["a"] * 41})
    told = {
        row.name.removeprefix("data.images-mine."): (row.before, row.after) for row in compare_data(store, old, new)
    }
    assert told == {"ok": (40, 42), "came": ("-", 2), "of_another_class": ("-", 1)}
