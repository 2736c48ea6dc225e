"""What a failed run says to people."""

import logging

from prefect.exceptions import FailedRun
from prefect.states import State

from aepipe import errors
from aepipe.errors import AepipeError

# Where Prefect logs how a run ended, with everything that was called.
LOGGERS = ("prefect.engine", "prefect.flow_runs", "prefect.task_runs")
# What Prefect raises, after the run has ended, where a state that is Failed has a result.
RESULT_OF_FAILED = "Unexpected result for failed state"


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
    """Let the log of a run that ended as Failed end in one line; an error that nobody foresaw keeps its traceback."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if _ended_as_failed(error):
        record.msg, record.args = "The run is Failed; its state says why.", ()
    if _ended_as_failed(error) or isinstance(error, AepipeError):
        record.exc_info = None
    return True


def _ended_as_failed(error: BaseException | None) -> bool:
    return isinstance(error, FailedRun) or (isinstance(error, TypeError) and str(error).startswith(RESULT_OF_FAILED))
