"""A training that was stopped ends with the same bytes as one that was not."""

import hashlib
import itertools
import threading

import numpy as np
import pytest

from aepipe.errors import TrainingInterruptedError
from aepipe.models import build
from aepipe.models.options import (
    ConvolutionalOptions,
    DenseOptions,
    ResidualOptions,
    StridedOptions,
    VariationalOptions,
)
from aepipe.store import open_store
from aepipe.training import batches, chunk
from aepipe.training.batches import Pixels
from aepipe.training.checkpoints import Checkpoints
from aepipe.training.settings import (
    AugmentationSettings,
    CheckpointSettings,
    CorruptionSettings,
    OptimizerSettings,
    TrainingSettings,
)
from aepipe.training.trainer import Trainer

IMAGES = np.random.default_rng(0).integers(0, 256, (120, 8, 8, 1), dtype=np.uint8)
NOISE = CorruptionSettings(kind="gaussian", level=0.2)
RECIPES = {
    "dense": (DenseOptions(hidden_widths=(24,), code_size=8), {}),
    "denoising": (
        DenseOptions(hidden_widths=(24,), code_size=8),
        {"corruption": NOISE, "schedule": "cosine", "weights_average": 0.9},
    ),
    "augmented": (
        DenseOptions(hidden_widths=(24,), code_size=8),
        {"augmentation": AugmentationSettings(flip=True, shift=0.5), "corruption": NOISE},
    ),
    "muon": (
        ConvolutionalOptions(filters=(4, 8), code_size=16),
        {"optimizer": OptimizerSettings(name="muon"), "corruption": NOISE, "schedule": "cosine"},
    ),
    "variational": (VariationalOptions(hidden_widths=(24,), code_size=4), {"keep": "last"}),
    "convolutional": (ConvolutionalOptions(filters=(4, 8), code_size=16, normalise_code=True), {"patience": 50}),
    "residual": (
        ResidualOptions(decoder_filters=(4,), code_size=8),
        {"augmentation": AugmentationSettings(flip=True, shift=0.5), "keep": "best-or-start", "weights_average": 0.8},
    ),
    "strided": (StridedOptions(decoder_filters=(4,), code_size=8, stride=2), {"keep": "best-or-start"}),
}


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


@pytest.fixture(autouse=True)
def _one_step_a_chunk(monkeypatch):
    monkeypatch.setattr(batches, "CHUNK_SECONDS", 0)


@pytest.fixture
def grouped(request, monkeypatch) -> None:
    monkeypatch.setattr(chunk, "MIN_STEPS", 0 if request.param else 10**9)
    monkeypatch.setattr(chunk, "GROUPED_STEPS", 2)


@pytest.fixture
def checkpoints(tmp_path) -> Checkpoints:
    return Checkpoints(open_store(str(tmp_path)), "training")


def train(recipe, checkpoints=None, every_seconds=0.0, stop=None, **more):
    """Return the weights' digest and what the training came to."""
    options, settings = RECIPES[recipe]
    chosen = TrainingSettings(**{"batch_size": 20, "epochs": 6, **settings, **more})
    autoencoder = build(options, (8, 8, 1), chosen.seed)
    parts = Pixels(IMAGES, (0, 255), np.arange(20, 120)), Pixels(IMAGES, (0, 255), np.arange(20))
    saving = CheckpointSettings(every_seconds=every_seconds)
    stop = stop or threading.Event()
    trained = Trainer(autoencoder, *parts, chosen, checkpoints=checkpoints, saving=saving, stop=stop).run()
    weights = b"".join(array.tobytes() for array in autoencoder.model.get_weights())
    return hashlib.sha256(weights).hexdigest(), trained


def kill_at(monkeypatch, step: int) -> None:
    """Let the training die after so many steps, before that step's state is saved."""
    steps = itertools.count(1)
    whole = Trainer._require_finite

    def check(self, losses):
        if np.ndim(losses) == 2 and next(steps) == step:
            raise Killed
        whole(self, losses)

    monkeypatch.setattr(Trainer, "_require_finite", check)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_killed_training_ends_with_the_bytes_of_one_that_was_not(recipe, checkpoints, monkeypatch):
    monkeypatch.setattr("aepipe.training.checkpoints.MAX_SAVING_SHARE", float("inf"))
    expected, uninterrupted = train(recipe)
    # In the first epoch, and beyond the end of the second.
    for step in (3, 9):
        with monkeypatch.context() as patch:
            kill_at(patch, step)
            with pytest.raises(Killed):
                train(recipe, checkpoints)
    digest, trained = train(recipe, checkpoints)
    assert digest == expected
    assert trained.resumed_at >= 2 + 8
    losses = [(epoch.loss, epoch.validation_loss) for epoch in uninterrupted.history]
    assert [(epoch.loss, epoch.validation_loss) for epoch in trained.history] == losses
    assert trained.kept.epoch == uninterrupted.kept.epoch


@pytest.mark.parametrize(
    ("grouped", "chunk_seconds"),
    [(False, 0.001), (False, 10), (True, 10)],
    indirect=["grouped"],
    ids=["single steps, short", "single steps, long", "grouped steps"],
)
@pytest.mark.usefixtures("grouped")
def test_how_steps_are_cut_into_chunks_changes_nothing(monkeypatch, chunk_seconds):
    # More steps an epoch than a processor's vector has lanes: their last bits may not depend on the chunk either.
    expected, by_step = train("denoising", batch_size=4)
    monkeypatch.setattr(batches, "CHUNK_SECONDS", chunk_seconds)
    digest, trained = train("denoising", batch_size=4)
    assert digest == expected
    assert [epoch.loss for epoch in trained.history] == [epoch.loss for epoch in by_step.history]


def test_a_training_that_is_told_to_stop_saves_its_state_and_goes_on_from_there(checkpoints, monkeypatch):
    expected, _ = train("dense")
    stop, steps = threading.Event(), itertools.count(1)
    due = Trainer._is_out_of_time
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_is_out_of_time", lambda self: (next(steps) == 6 and stop.set()) or due(self))
        with pytest.raises(TrainingInterruptedError, match="Run it again"):
            train("dense", checkpoints, every_seconds=1000, stop=stop)
    digest, trained = train("dense", checkpoints)
    assert digest == expected
    assert trained.resumed_at >= 4


def test_the_last_two_states_are_kept(checkpoints):
    for number in (5, 10, 15):
        checkpoints.save(number, b"state %d" % number)
    assert checkpoints.latest() == b"state 15"
    assert len(list(checkpoints.store.list("checkpoints/"))) == 2


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:3] + b"!" + data[4:], lambda data: b""])
def test_a_damaged_state_is_noticed_and_the_one_before_it_is_used(checkpoints, damage, caplog):
    checkpoints.save(5, b"state 5")
    checkpoints.save(10, b"state 10")
    newest = list(checkpoints.store.list("checkpoints/"))[-1].key
    checkpoints.store.put(newest, damage(b"state 10"))
    assert checkpoints.latest() == b"state 5"
    assert "damaged" in caplog.text
    assert not checkpoints.store.exists(newest)


def test_a_state_of_another_training_is_never_seen(checkpoints):
    checkpoints.save(5, b"state")
    assert Checkpoints(checkpoints.store, "another").latest() is None
    assert Checkpoints(checkpoints.store, "train").latest() is None


def test_saving_takes_a_small_share_of_the_time(checkpoints, monkeypatch):
    saves = []
    monkeypatch.setattr(Checkpoints, "save", lambda *arguments: saves.append(arguments))
    monkeypatch.setattr("aepipe.training.checkpoints.MAX_SAVING_SHARE", 1e-9)
    train("dense", checkpoints)
    assert len(saves) == 1


def test_a_time_limit_ends_the_epoch_and_keeps_the_best_so_far():
    _, trained = train("dense", epochs=100_000, time_limit_minutes=1 / 60)
    assert trained.ended_by == "time limit"
    assert 1 <= len(trained.history) < 100_000
    assert sum(epoch.seconds for epoch in trained.history) >= 1
    assert trained.kept == min(trained.history, key=lambda epoch: epoch.validation_loss)


def test_the_last_epoch_ends_where_the_steps_do():
    _, trained = train("dense", max_steps=7)
    assert len(trained.history) == 2
    assert trained.history[1].learning_rate == pytest.approx(1e-3)
