"""Failures: what a failed run says to people."""

import logging
import os

from prefect.exceptions import FailedRun
from prefect.states import State

from aepipe import errors
from aepipe.errors import AepipeError
from aepipe.unforeseen import describe_unforeseen, wants_traceback

# Where Prefect logs how a run ended, with everything that was called.
LOGGERS = ("prefect.engine", "prefect.flow_runs", "prefect.task_runs")
# What Prefect raises, after the run has ended, where a state that is Failed has a result.
RESULT_OF_FAILED = "Unexpected result for failed state"
# What a worker gives to the process of a run, and that to its own.
RUN_OF_WORKER = "PREFECT__FLOW_RUN_ID"
TOLD = "_aepipe_told"


def failure_of(state: State) -> str:
    """Return why a run failed, in one line: an error of this project as it is, any other with its type."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, AepipeError):
        return str(error)
    if isinstance(error, Exception):
        return " ".join(f"{type(error).__name__}: {error}".split())
    return " ".join((state.message or f"it ended {state.name}").split())


def message_of(state: State) -> str:
    """Return why a run on another machine failed, in one line; its exception stayed there."""
    message = (state.message or f"it ended {state.name}").removeprefix("Flow run encountered an exception: ")
    line = " ".join(message.split())
    name, _, rest = line.partition(": ")
    kind = getattr(errors, name, None)
    is_ours = isinstance(kind, type) and issubclass(kind, AepipeError)
    return rest if is_ours else line


def tell_failures_in_one_line() -> None:
    """Let the log of a run that ended as Failed have one line about an error.

    One that nobody foresaw has its traceback in a file; in the log of a worker's run, which may be read elsewhere, it
    is shown once.
    """
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if error is None or wants_traceback():
        return True
    if _ended_as_failed(error):
        record.msg, record.args, record.exc_info = "The run is Failed; its state says why.", (), None
    elif isinstance(error, AepipeError):
        record.exc_info = None
    elif isinstance(error, Exception):
        _tell_unforeseen(record, error)
    return True


def _tell_unforeseen(record: logging.LogRecord, error: Exception) -> None:
    # A task's error is logged once more by its flow, and once more where that ends.
    if getattr(error, TOLD, False):
        record.msg, record.args, record.exc_info = (
            "The run is Failed: %s, as said above.",
            (type(error).__name__,),
            None,
        )
        return
    setattr(error, TOLD, True)
    if RUN_OF_WORKER not in os.environ:
        record.msg, record.args, record.exc_info = "%s", (describe_unforeseen(error),), None


def _ended_as_failed(error: BaseException) -> bool:
    return isinstance(error, FailedRun) or (isinstance(error, TypeError) and str(error).startswith(RESULT_OF_FAILED))
