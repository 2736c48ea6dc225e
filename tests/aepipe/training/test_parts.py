"""A step that the memory has no room for is computed in parts, and comes to the same loss and weights."""

import hashlib
import itertools

import numpy as np
import pytest

from aepipe.errors import TrainingError
from aepipe.models import build
from aepipe.models.autoencoder import Autoencoder
from aepipe.models.options import ConvolutionalOptions, DenseOptions, VariationalOptions
from aepipe.store import open_store
from aepipe.training import batches, chunk, trainer
from aepipe.training.batches import Pixels
from aepipe.training.checkpoints import Checkpoints
from aepipe.training.parts import next_num_parts
from aepipe.training.room import run_where_there_is_room
from aepipe.training.runtime import tf
from aepipe.training.settings import CheckpointSettings, CorruptionSettings, OptimizerSettings, TrainingSettings
from aepipe.training.trainer import Trainer

IMAGES = np.random.default_rng(0).integers(0, 256, (110, 8, 8, 1), dtype=np.uint8)
DENSE = DenseOptions(hidden_widths=(24,), code_size=8)
RECIPES = {
    "dense": (DENSE, {}),
    "blind spot": (DENSE, {"corruption": CorruptionSettings(kind="blind-spot", level=0.1), "gradient_clip_norm": 0.1}),
    "sparse": (
        ConvolutionalOptions(filters=(4,), code_size=8, code_l1=0.01),
        {"optimizer": OptimizerSettings(name="muon"), "weight_decay": 0.01, "loss": "ssim"},
    ),
}


@pytest.fixture(autouse=True)
def _one_step_a_chunk(monkeypatch):
    monkeypatch.setattr(batches, "CHUNK_SECONDS", 0)


def make(recipe="dense", num_parts=1, **more) -> Trainer:
    options, settings = RECIPES[recipe] if isinstance(recipe, str) else recipe
    chosen = TrainingSettings(**{"batch_size": 30, "epochs": 3, "keep": "last", **settings})
    parts = Pixels(IMAGES, (0, 255), np.arange(20, 110)), Pixels(IMAGES, (0, 255), np.arange(20))
    return Trainer(build(options, (8, 8, 1), 0), *parts, chosen, num_parts=num_parts, **more)


def digest(autoencoder: Autoencoder) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in autoencoder.model.get_weights())).hexdigest()


@pytest.mark.parametrize("recipe", ["blind spot", "sparse"])
def test_parts_come_to_the_loss_and_the_weights_of_the_whole(recipe, monkeypatch):
    # What XLA compiles has several steps in one.
    monkeypatch.setattr(chunk, "MIN_STEPS", 0)
    monkeypatch.setattr(chunk, "GROUPED_STEPS", 2)
    whole, in_parts = make(recipe), make(recipe, num_parts=5)
    expected, found = whole.run(), in_parts.run()
    for name in ("loss", "mse", "penalty", "validation_loss"):
        values = [[getattr(epoch, name) for epoch in trained.history] for trained in (expected, found)]
        np.testing.assert_allclose(*values, rtol=1e-6, atol=1e-7)
    weights = [trained.autoencoder.model.get_weights() for trained in (whole, in_parts)]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(("batch_size", "numbers"), [(150, [2, 5, 10, 25, 50, 150]), (37, [37]), (1, [])])
def test_a_batch_is_divided_equally_into_at_least_twice_as_many_parts_until_each_is_an_image(batch_size, numbers):
    found, number = [], next_num_parts(batch_size, 1)
    while number is not None:
        found, number = [*found, number], next_num_parts(batch_size, number)
    assert found == numbers


@pytest.fixture
def has_room_for(monkeypatch):
    """Lets steps run out of memory that compute more images at a time, from some call on."""

    def limit(most: int, first_call: int = 0) -> None:
        calls = itertools.count()

        def compile_limited(step, feed, group, strategy):
            compiled = chunk.compile_chunk(step, feed, group, strategy)

            def run(items, values):
                if next(calls) >= first_call and feed.batch_size // step.num_parts > most:
                    # As where it happens: some weights have moved already.
                    step.autoencoder.model.trainable_variables[0].assign_add(step.autoencoder.model.weights[0])
                    raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
                return compiled(items, values)

            return run

        monkeypatch.setattr(trainer, "compile_chunk", compile_limited)

    return limit


def test_a_training_that_runs_out_of_memory_goes_on_in_parts(has_room_for, caplog):
    expected = make(num_parts=5)
    expected.run()
    has_room_for(8)
    autoencoder, trained = run_where_there_is_room(lambda num_parts: make(num_parts=num_parts))
    assert trained.num_parts == 5
    assert digest(autoencoder) == digest(expected.autoencoder)
    first, second = caplog.messages
    assert first.startswith("A step on 30 images has no room in the ")
    assert first.endswith("with batches in 2 parts of 15: slower, and the same weights but for rounding.")
    assert "A step on 15 images" in second
    assert "in 5 parts of 6" in second


def test_memory_that_runs_out_later_loses_what_no_checkpoint_has_and_a_resumed_training_has_the_parts(
    has_room_for, tmp_path, monkeypatch
):
    monkeypatch.setattr("aepipe.training.checkpoints.MAX_SAVING_SHARE", float("inf"))
    saved = {
        "checkpoints": Checkpoints(open_store(str(tmp_path)), "training"),
        "saving": CheckpointSettings(every_seconds=0),
    }
    has_room_for(15, first_call=4)
    numbers = []

    def begin(num_parts: int) -> Trainer:
        numbers.append(num_parts)
        return make(num_parts=num_parts, **saved)

    _, trained = run_where_there_is_room(begin)
    assert (numbers, trained.resumed_at, trained.num_parts) == ([1, 2], 4, 2)
    # Where there would be room again, it is what it was.
    again = make(**saved)
    assert (again.run().num_parts, again.state.num_parts) == (2, 2)


def test_what_holds_for_a_model_that_draws_is_said(has_room_for, caplog):
    has_room_for(15)
    recipe = VariationalOptions(hidden_widths=(24,), code_size=4), {"epochs": 1}
    run_where_there_is_room(lambda num_parts: make(recipe, num_parts))
    assert caplog.messages[0].endswith("because the model normalises, or draws, for each part by itself.")


def test_a_step_that_has_no_room_for_one_image_is_refused(has_room_for):
    has_room_for(0)
    with pytest.raises(TrainingError, match=r"one image of its batch at a time\. .*batch_size=30\. Choose a smaller"):
        run_where_there_is_room(lambda num_parts: make(num_parts=num_parts))
