"""A failure is told in one line, whatever it was."""

import asyncio

import pytest
from prefect.states import Cancelled, Failed, State, exception_to_failed_state

from aepipe.errors import StoreError, TrainingError
from aepipe.tasks.failures import failure_of, message_of


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


@pytest.mark.parametrize(
    "error", [TrainingError("A rule: this.", epoch=3), StoreError("A rule."), ValueError("a\nb: c")]
)
def test_an_error_is_the_same_line_wherever_it_happened(error: Exception):
    state = asyncio.run(exception_to_failed_state(error, message="Flow run encountered an exception:"))
    assert message_of(Failed(message=state.message)) == failure_of(state)


def test_a_message_that_is_no_error_stays_as_it_is():
    assert message_of(Failed(message="Flow: stopped")) == "Flow: stopped"
