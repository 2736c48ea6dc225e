"""What a training shows: TensorBoard has scalars of every epoch and images; the bar says epoch, losses, time left."""

import io

import numpy as np
import pytest
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from aepipe.models import build
from aepipe.models.options import SubclassedOptions
from aepipe.training.batches import Pixels
from aepipe.training.callbacks import ProgressBar, TensorBoard
from aepipe.training.state import Epoch


@pytest.fixture
def autoencoder():
    return build(SubclassedOptions(hidden_widths=(8,), code_size=4), (8, 8, 1))


def epoch(number: int, validation: float = 0.5) -> Epoch:
    return Epoch(number, 1 / number, 0.25, validation, validation, 1e-3, 0.1)


def test_tensorboard_has_every_epochs_scalars_and_images_now_and_then(autoencoder, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1), dtype=np.uint8)
    board = TensorBoard(tmp_path, Pixels(images, (0, 255)), num_epochs=40)
    for number in range(1, 41):
        board.on_epoch_end(autoencoder, epoch(number))
    board.on_train_end(autoencoder)
    events = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    events.Reload()
    assert set(events.Tags()["tensors"]) == {
        "loss",
        "mse",
        "validation_loss",
        "validation_mse",
        "learning_rate",
        "original over reconstruction",
    }
    assert [event.step for event in events.Tensors("loss")] == list(range(1, 41))
    drawn = events.Tensors("original over reconstruction")
    assert [event.step for event in drawn] == list(range(1, 41, 4))
    # Width, height, then a PNG for each example: originals stand over reconstructions.
    assert [value.decode() for value in drawn[0].tensor_proto.string_val[:2]] == ["8", "16"]
    assert len(drawn[0].tensor_proto.string_val) == 2 + 10


def test_a_resumed_training_goes_on_with_the_curves_that_were_cut_off(autoencoder, tmp_path):
    examples = Pixels(np.zeros((1, 8, 8, 1), np.uint8), (0, 255))
    killed = TensorBoard(tmp_path, examples, num_epochs=40)
    killed.on_train_begin([])
    for number in range(1, 8):
        killed.on_epoch_end(autoencoder, epoch(number))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-50])
    # What a later process writes is told by the second that it began in.
    file.rename(tmp_path / "events.out.tfevents.1000000000.earlier.v2")
    # Its last checkpoint was after the sixth epoch.
    board = TensorBoard(tmp_path, examples, num_epochs=40)
    board.on_train_begin([epoch(number) for number in range(1, 7)])
    for number in range(7, 10):
        board.on_epoch_end(autoencoder, epoch(number))
    events = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    events.Reload()
    assert [event.step for event in events.Tensors("loss")] == list(range(1, 10))
    assert [event.step for event in events.Tensors("original over reconstruction")] == [1, 5, 9]
    # One that begins anew takes nothing over.
    TensorBoard(tmp_path, examples, num_epochs=40).on_train_begin([])
    assert len(list(tmp_path.iterdir())) == 1


def test_a_loss_that_there_is_not_is_not_written(autoencoder, tmp_path):
    board = TensorBoard(tmp_path, Pixels(np.zeros((1, 8, 8, 1), np.uint8), (0, 255)), num_epochs=1)
    board.on_epoch_end(autoencoder, epoch(1, validation=float("nan")))
    board.on_train_end(autoencoder)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert "validation_loss" not in events.Tags()["tensors"]


def test_the_bar_says_what_is_trained_how_far_and_how_well(autoencoder):
    terminal = io.StringIO()
    with ProgressBar("tuned mnist-dense", 4, Console(file=terminal, force_terminal=True, width=120)) as bar:
        bar.on_epoch_end(autoencoder, epoch(1))
        bar.on_epoch_end(autoencoder, epoch(2))
    shown = terminal.getvalue()
    for part in ("tuned mnist-dense", "2/4", "loss 0.5", "validation 0.5"):
        assert part in shown


def test_the_bar_is_silent_where_there_is_no_terminal(autoencoder):
    log = io.StringIO()
    with ProgressBar("tuned mnist-dense", 4, Console(file=log)) as bar:
        bar.on_epoch_end(autoencoder, epoch(1))
    assert log.getvalue() == ""
