"""Telling a training to stop, so that it saves its state before whatever interrupted it goes on."""

import contextvars
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import FrameType
from typing import TypeVar

from aepipe.errors import TrainingInterruptedError

T = TypeVar("T")
START_SECONDS = 5
LOOK_SECONDS = 0.5


def run_stoppable(work: Callable[[threading.Event], T]) -> T:
    """Run work in a thread while this one waits; where this one is interrupted, let the work stop in good order first.

    The main thread stays free for signals: whoever installed a handler for SIGTERM, such as Prefect, has it called at
    once. When the handler raises, or on Ctrl-C, the work is told to stop, and the exception goes on when it has. A
    SIGTERM that nobody handles ends the process as it would have, but after that.

    Args:
        work: Called with the event that is set when it shall stop.
    """
    stop, begun, ended, outcome = threading.Event(), threading.Event(), threading.Event(), Future[T]()

    def run() -> None:
        begun.set()
        try:
            outcome.set_result(work(stop))
        except BaseException as error:
            outcome.set_exception(error)
        ended.set()

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), name="aepipe-training")
    with _UnhandledSigterm() as unhandled:
        interruption = _run_to_its_end(thread, begun, ended, stop)
    if interruption is not None and not isinstance(interruption, _Terminated):
        raise interruption
    if unhandled.came:
        signal.raise_signal(signal.SIGTERM)
    return outcome.result()


def _run_to_its_end(
    thread: threading.Thread, begun: threading.Event, ended: threading.Event, stop: threading.Event
) -> BaseException | None:
    """Start a thread and wait for its end; return what interrupted the wait."""
    interruption = None
    try:
        thread.start()
    except BaseException as error:
        # What a signal's handler raises. It may have come before the thread was there.
        if not begun.wait(START_SECONDS):
            raise
        interruption = error
    while True:
        try:
            if interruption is not None:
                stop.set()
            # Not `join`: in Python 3.11 one that is interrupted takes the thread for ended. And not without an end: a
            # signal that another thread of this process receives, as one may after SIGCONT, doesn't wake this one.
            while not ended.wait(LOOK_SECONDS):
                pass
            return interruption
        except BaseException as error:
            interruption = interruption or error


class _Terminated(BaseException):
    """SIGTERM came and nobody else would have handled it."""


class _UnhandledSigterm:
    """Turns a SIGTERM that would end the process at once into an exception, while it is entered."""

    def __init__(self):
        self.came = False
        self._is_ours = False

    def __enter__(self) -> "_UnhandledSigterm":
        is_main = threading.current_thread() is threading.main_thread()
        self._is_ours = is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        if self._is_ours:
            signal.signal(signal.SIGTERM, self._raise)
        return self

    def __exit__(self, *_) -> None:
        if self._is_ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        raise _Terminated


def stopped() -> TrainingInterruptedError:
    """Return what a training raises that was told to stop."""
    return TrainingInterruptedError("A training that is told to stop saves its state.", "Run it again: it goes on.")
