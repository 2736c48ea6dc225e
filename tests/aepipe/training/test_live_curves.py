"""Curves reach the store while a training goes on; nothing about them holds it up, and nothing is left of them."""

import logging
import time
from contextlib import suppress

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from aepipe.errors import TransientStoreError
from aepipe.store import open_store
from aepipe.training import live_curves
from aepipe.training.live_curves import CurvesUpload, LiveCurves
from aepipe.training.settings import CheckpointSettings


@pytest.fixture
def writer(tmp_path):
    """A training's event file, and beside it what is trained."""
    folder = tmp_path / "training"
    folder.mkdir()
    (folder / "recipe.json").write_text("{}")
    writer = EventFileWriter(str(folder / "tensorboard"))
    yield writer
    writer.close()


def write(writer, step):
    writer.add_event(Event(step=step, summary=Summary(value=[Summary.Value(tag="loss", simple_value=1 / step)])))
    writer.flush()


def wait_for(condition):
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def steps(curves, folder):
    """The steps that a reader of the store sees."""
    curves.take_up(folder)
    if not (folder / "tensorboard").exists():
        return []
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return [event.step for event in events.Scalars("loss")] if events.Tags()["scalars"] else []


def test_curves_are_there_while_a_training_goes_on(store_url, writer, tmp_path, monkeypatch):
    monkeypatch.setattr(live_curves, "MIN_SECONDS", 0.01)
    monkeypatch.setattr(live_curves, "MAX_SAVING_SHARE", 1)
    curves, read = LiveCurves(open_store(store_url), "training"), tmp_path / "read"
    read.mkdir()
    with suppress(KeyboardInterrupt), CurvesUpload(curves, tmp_path / "training", CheckpointSettings()):
        for step in (1, 2):
            write(writer, step)
            wait_for(lambda step=step: steps(curves, read)[-1:] == [step])
        # What comes last is there, too, where it is stopped before the next upload is due.
        monkeypatch.setattr(live_curves, "MIN_SECONDS", 1000)
        time.sleep(0.05)
        write(writer, 3)
        raise KeyboardInterrupt
    assert steps(curves, read) == [1, 2, 3]
    assert curves.store.get("curves/training/recipe.json") == b"{}"
    curves.clear()
    assert list(curves.store.list("curves/")) == []


def test_a_store_that_is_away_holds_up_nothing_and_is_said(tmp_path, writer, monkeypatch, caplog):
    monkeypatch.setattr(live_curves, "MIN_SECONDS", 0.01)
    store = open_store(tmp_path / "store")

    def fail(key, data):
        raise TransientStoreError("The store must answer.", key=key)

    with monkeypatch.context() as away, caplog.at_level(logging.WARNING):
        away.setattr(store, "put", fail)
        write(writer, 1)
        with CurvesUpload(LiveCurves(store, "training"), tmp_path / "training", CheckpointSettings()):
            wait_for(lambda: caplog.messages)
    assert caplog.messages[0].startswith("The curves could not be uploaded, and the training goes on: The store must")


def test_a_training_of_seconds_asks_the_store_for_nothing(tmp_path, writer):
    write(writer, 1)
    with CurvesUpload(LiveCurves(None, "training"), tmp_path / "training", CheckpointSettings()):
        pass
