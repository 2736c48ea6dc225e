"""What TensorBoard reads grows as a training does, and has all of it in the end; releases stand beside it."""

import pytest
from releases import put_release
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from aepipe.curves.chosen import Chosen, find_published
from aepipe.curves.log_folder import LogFolder
from aepipe.preprocess import Preprocessing
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.recipes.trained import TrainedRecipe, TrainingImages
from aepipe.stages.facts import TrainedFacts
from aepipe.stages.results import TrainedResult, produce_stage
from aepipe.store import open_store
from aepipe.training.live_curves import LiveCurves

TRAINING, OTHER = "a" * 64, "b" * 64
FILE = "events.out.tfevents.1767225600.host.1.0.v2"
OLD, NEW = "20260101T000000Z-a", "20260102T000000Z-b"


@pytest.fixture
def store(store_url, tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    store = open_store(store_url)
    store.put("stages/data/1/manifest.json", b"{}")
    return store


def events(tmp_path, *steps: int) -> bytes:
    path = tmp_path / "events"
    with open(path, "wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(file_version="brain.Event:2").SerializeToString())
        for step in steps:
            summary = Summary(value=[Summary.Value(tag="loss", simple_value=1 / step)])
            writer.write(Event(step=step, summary=summary).SerializeToString())
    return path.read_bytes()


def description(recipe: str, **changes) -> bytes:
    plan = plan_training(recipe, "tuned", "full", Overrides(**changes), (8, 8, 1))
    images = TrainingImages(name="digits", pixel_range=(0, 16), preprocessing=Preprocessing())
    return TrainedRecipe(plan=plan, trained_on=images).model_dump_json().encode()


def put_live(store, training: str, data: bytes, recipe: str = "mnist-dense", **changes) -> None:
    prefix = LiveCurves(store, training).prefix
    store.put(f"{prefix}recipe.json", description(recipe, **changes))
    store.put(f"{prefix}tensorboard/{FILE}", data)


def complete(store, training: str, data: bytes) -> None:
    def work(folder):
        (folder / "tensorboard").mkdir()
        (folder / "tensorboard" / FILE).write_bytes(data)
        (folder / "recipe.json").write_bytes(description("mnist-dense"))
        return TrainedFacts(num_parameters=1, num_epochs=5, kept_epoch=5, training_seconds=0.1, hardware="CPU")

    produce_stage(store, "train", training, TrainedResult, work)
    LiveCurves(store, training).clear()


def steps(folder):
    read = EventAccumulator(str(folder))
    read.Reload()
    return [event.step for event in read.Scalars("loss")]


def test_a_training_is_followed_to_its_end(store, tmp_path):
    whole = events(tmp_path, 1, 2, 3, 4)
    put_live(store, TRAINING, whole[:-20], learning_rate=0.5)
    put_live(store, OTHER, whole, recipe="faces-conv")
    curves = LogFolder(store, tmp_path / "logs", Chosen.of(["dense", "mnist-variational"], [], 1))
    (name,) = curves.update()
    assert name == "mnist-dense@digits/tuned, learning_rate=0.5 aaaaaa"
    # A reader that follows sees what is whole, and the rest as soon as it is there.
    reader = EventAccumulator(str(tmp_path / "logs" / name))
    reader.Reload()
    assert [event.step for event in reader.Scalars("loss")] == [1, 2, 3]
    complete(store, TRAINING, events(tmp_path, 1, 2, 3, 4, 5))
    assert curves.update() == []
    reader.Reload()
    assert [event.step for event in reader.Scalars("loss")] == [1, 2, 3, 4, 5]
    assert curves.answered == {"mnist-dense"}


def test_what_was_completed_since_the_latest_release_is_there(store, tmp_path):
    for training in (TRAINING, OTHER):
        complete(store, training, events(tmp_path, 1, 2))
    lineage = {"mnist-dense": {"trained": TRAINING}}
    put_release(store, NEW, {"mnist-dense": b"model"}, lineage=lineage)
    curves = LogFolder(store, tmp_path / "logs", Chosen())
    assert curves.add_published(find_published(store, curves.chosen)) == []
    assert curves.add_completed() == ["mnist-dense@digits/tuned bbbbbb"]
    assert steps(tmp_path / "logs" / "mnist-dense@digits" / "tuned bbbbbb") == [1, 2]
    put_release(store, "29990101T000000Z-c", {"mnist-dense": b"model"})
    assert LogFolder(store, tmp_path / "logs", Chosen()).add_completed() == []


def test_releases_stand_beside_it(store, tmp_path):
    for release, models in ((OLD, ["mnist-dense", "faces-conv"]), (NEW, ["mnist-dense"])):
        more = {f"models/{model}/tensorboard/{FILE}": events(tmp_path, 1, 2) for model in models}
        put_release(store, release, dict.fromkeys(models, b"model"), more)

    def names(*chosen):
        curves = LogFolder(store, tmp_path / "logs", Chosen.of(*chosen))
        return curves.add_published(find_published(store, curves.chosen))

    assert names([], [], 1) == [f"mnist-dense@digits/{NEW}"]
    assert steps(tmp_path / "logs" / "mnist-dense@digits" / NEW) == [1, 2]
    assert names(["dense"], [], 2) == [f"mnist-dense@digits/{NEW}", f"mnist-dense@digits/{OLD}"]
    assert names(["conv", "dense@digits"], [], 1) == [f"mnist-dense@digits/{NEW}", f"faces-conv@digits/{OLD}"]
    assert names(["conv"], [OLD, NEW], 1) == [f"faces-conv@digits/{OLD}"]
