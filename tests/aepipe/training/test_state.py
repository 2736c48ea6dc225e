import io

import numpy as np
import pytest

from aepipe.errors import CorruptObjectError
from aepipe.training.state import TrainingState, from_bytes, to_bytes


def archive(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_a_state_comes_back_as_it_was():
    state = TrainingState([np.arange(3.0)], [np.ones(2)], history=[{"epoch": 1}], best=1, seconds=2.5)
    again = from_bytes(to_bytes(state))
    np.testing.assert_array_equal(again.variables[0], state.variables[0])
    np.testing.assert_array_equal(again.best_weights[0], state.best_weights[0])
    assert (again.history, again.best, again.seconds) == (state.history, 1, 2.5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 cut off",
        archive(variable_0=np.zeros(2)),
        archive(facts=np.array("{"), step_losses=np.zeros((0, 2))),
        archive(facts=np.array('{"colour": "blue"}'), step_losses=np.zeros((0, 2))),
        archive(facts=np.array("{}"), step_losses=np.zeros((0, 2)), variable_7=np.zeros(2)),
        archive(facts=np.array([object()], dtype=object), step_losses=np.zeros((0, 2))),
    ],
    ids=["empty", "cut off", "no facts", "no JSON", "other facts", "other variables", "objects"],
)
def test_what_is_no_state_is_one_kind_of_error(data):
    with pytest.raises(CorruptObjectError, match="A checkpoint must be a training's state"):
        from_bytes(data)
