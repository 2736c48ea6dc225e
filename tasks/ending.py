"""Ending of what takes too long: in good order where it is Python, and else with its process.

Prefect's own timeouts raise a TimeoutError wherever the step is, which libraries on the way take for a server that did
not answer, and try again. Here a signal raises what nothing on the way catches; where not even that helps, because the
step is in code that is not Python's, a thread ends the process.
"""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.runtime import flow_run
from prefect.states import Failed

from aepipe.errors import TimedOutError
from aepipe.tasks.timeouts import Step, timeouts

# The state's name, as Prefect itself has it.
TIMED_OUT = "TimedOut"
logger = logging.getLogger(__name__)


class _TimeIsUp(BaseException):
    """A step has taken as long as it may. No Exception, because those are caught on the way and tried again."""


@contextmanager
def ending_in_time(step: Step, what: str, seconds: float | None = None) -> Iterator[None]:
    """End the block when it has taken as long as it may: in good order where it is Python, else with its process.

    Args:
        step: Which of the timeouts counts.
        what: What it is, for people.
        seconds: How long it may take; None for what the step's timeout says.

    Raises:
        TimedOutError: it took longer.
    """
    chosen = timeouts()
    allowed = chosen.seconds(step) if seconds is None else seconds
    error = chosen.error(step, what, allowed)
    is_main = threading.current_thread() is threading.main_thread()
    with _ending_process(allowed + chosen.grace_seconds, chosen.grace_seconds, error):
        before = _raise_after(allowed, chosen.grace_seconds) if is_main else None
        try:
            yield
        except _TimeIsUp:
            raise error from None
        finally:
            if is_main:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)


@contextmanager
def ending_run_in_time(what: str, seconds: float | None = None) -> Iterator[None]:
    """End this process when its run has taken as long as it may: by SIGTERM, on which it ends what it has started.

    Args:
        what: What it is, for people.
        seconds: How long it may take; None for what the settings say.
    """
    chosen = timeouts()
    allowed = chosen.seconds("run") if seconds is None else seconds
    with _ending_process(allowed, chosen.grace_seconds, chosen.error("run", what, allowed)):
        yield


def _raise_after(seconds: float, again: float) -> Any:
    """Raise `_TimeIsUp` in this thread, the main one, after so many seconds; return the handler that was there."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise _TimeIsUp

    before = signal.signal(signal.SIGALRM, interrupt)
    # Once more, where it came to something that could not go on with it.
    signal.setitimer(signal.ITIMER_REAL, seconds, max(again, 1.0))
    return before


@contextmanager
def _ending_process(seconds: float, grace_seconds: float, error: TimedOutError) -> Iterator[None]:
    """End this process where the block lasts so long; its run says why."""
    left, run_id = threading.Event(), flow_run.id

    def watch() -> None:
        if left.wait(seconds):
            return
        logger.error("%s", error)
        fail_run(run_id, str(error))
        os.kill(os.getpid(), signal.SIGTERM)
        if not left.wait(grace_seconds):
            os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="aepipe-timeout", daemon=True).start()
    try:
        yield
    finally:
        left.set()


def fail_run(run_id: str | UUID | None, message: str) -> None:
    """Let a run be Failed as one that took too long, whatever becomes of its process."""
    if run_id is None:
        return
    try:
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(UUID(str(run_id)), Failed(name=TIMED_OUT, message=message), force=True)
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        logger.warning("The Prefect server could not be told: %s", error)
