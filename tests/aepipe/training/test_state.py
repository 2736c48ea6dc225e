import io

import numpy as np
import pytest

from aepipe.errors import CorruptObjectError
from aepipe.training.state import Epoch, TrainingState


class Variable:
    def __init__(self, value):
        self.value = value
        self.shape = value.shape

    def numpy(self):
        return self.value

    def assign(self, value):
        self.value = value


def new_state() -> TrainingState:
    return TrainingState([Variable(np.zeros(3, np.int64)), Variable(np.zeros((2, 2), np.float32))])


def archive(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_a_state_comes_back_as_it_was():
    state = new_state()
    state.variables[0].assign(np.arange(3, dtype=np.int64))
    state.variables[1].assign(np.ones((2, 2), np.float32))
    for number in (1, 2):
        state.add_epoch(Epoch(number, 0.5, 0.4, float("nan"), float("nan"), 1e-3, 2.0))
    state.best, state.best_weights = state.history[0], [np.full(2, 7, np.float32)]
    state.add_steps(np.ones((4, 3)))
    state.add_seconds(2.5)
    again = new_state()
    again.load(state.to_bytes())
    for before, after in zip(state.variables, again.variables, strict=True):
        np.testing.assert_array_equal(before.numpy(), after.numpy())
        assert before.numpy().dtype == after.numpy().dtype
    np.testing.assert_array_equal(again.best_weights[0], state.best_weights[0])
    np.testing.assert_array_equal(again.step_losses, state.step_losses)
    assert str(again.history) == str(state.history), "as text, since no NaN is equal to another"
    assert again.best is again.history[0]
    assert (again.num_epochs, again.seconds, again.epoch_seconds) == (2, 2.5, 2.5)


NUMBERS = np.array('{"history": [], "best": null, "seconds": 1.5, "epoch_seconds": 0.5}')
UNKNOWN_BEST = np.array('{"history": [], "best": 3, "seconds": 1.5, "epoch_seconds": 0.5}')
LOSSES = np.zeros((0, 3))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 cut off",
        archive(variable_0=np.zeros(3), variable_1=np.zeros((2, 2))),
        archive(facts=np.array("{"), step_losses=LOSSES),
        archive(facts=np.array('{"colour": "blue"}'), step_losses=LOSSES),
        archive(facts=NUMBERS, step_losses=LOSSES, variable_7=np.zeros(2)),
        archive(facts=NUMBERS, step_losses=LOSSES, variable_0=np.zeros(3)),
        archive(facts=NUMBERS, step_losses=LOSSES, variable_0=np.zeros(4), variable_1=np.zeros((2, 2))),
        archive(facts=UNKNOWN_BEST, step_losses=LOSSES, variable_0=np.zeros(3), variable_1=np.zeros((2, 2))),
        archive(facts=np.array([object()], dtype=object), step_losses=LOSSES),
    ],
    ids=[
        *("empty", "cut off", "no facts", "no JSON", "other facts", "other variables", "fewer variables"),
        *("other shapes", "a best epoch that is not there", "objects"),
    ],
)
def test_what_is_no_state_of_such_a_training_is_one_kind_of_error_and_changes_nothing(data):
    state = new_state()
    with pytest.raises(CorruptObjectError, match="A checkpoint must be a training's state"):
        state.load(data)
    assert (state.seconds, state.history, state.variables[0].numpy().sum()) == (0.0, [], 0)


def test_the_bytes_of_a_whole_state_are_taken():
    state = new_state()
    state.load(archive(facts=NUMBERS, step_losses=LOSSES, variable_0=np.ones(3, np.int64), variable_1=np.ones((2, 2))))
    assert (state.seconds, state.variables[0].numpy().sum()) == (1.5, 3)
