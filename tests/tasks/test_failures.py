"""A failure is told in one line, whatever it was."""

import pytest
from prefect.states import Cancelled, Failed, State

from aepipe.errors import TrainingError
from tasks.failures import failure_of


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (
            Failed(data=TrainingError("A loss must stay finite.", epoch=3)),
            "A loss must stay finite. Received: epoch=3.",
        ),
        (Failed(data=ValueError("first\n  second")), "ValueError: first second"),
    ],
)
def test_an_error_is_one_line(state: State, line: str):
    assert failure_of(state) == line


def test_a_run_without_an_error_says_how_it_ended():
    assert failure_of(Cancelled(message="by an operator")) == "CancelledRun: by an operator"
