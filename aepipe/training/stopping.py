"""Signals that end a training: they wait until its state is saved."""

import signal
import threading
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class DeferredSignals:
    """Holds SIGTERM and SIGINT back while it is entered; the caller looks at `received` and ends in good order.

    On leaving, a signal that came is delivered to whoever would have had it: the worker, the interpreter. In another
    thread than the main one Python allows no handlers, and nothing is held back.
    """

    def __init__(self):
        self.received: int | None = None
        self._previous: dict[int, object] = {}

    def __enter__(self) -> "DeferredSignals":
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._hold) for number in SIGNALS}
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._previous.items():
            # None: the handler was not set from Python.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if self.received is not None:
            signal.raise_signal(self.received)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self.received = number
