"""Interruption of a training command by Ctrl-C and other signals: a good end, soon, and the way to go on."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import typer

END_SECONDS = 30
# Less, so that whoever waits for a child that hangs still ends in time.
CHILD_SECONDS = END_SECONDS - 5
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Set once, where a process of a training begins; not every child process is one.
_is_child = False


class Stopped(KeyboardInterrupt):
    """A signal came that ends the command."""


@contextmanager
def ending_in_one_line(describe_progress: Callable[[], str]) -> Iterator[None]:
    """Within the block, a signal ends the command within seconds, with one line and 128 + its number.

    What can't be ended in good order within 30 s, or before a second Ctrl-C, is killed. That is seen to by a thread:
    the main thread may be in a computation or wait for a server.

    Args:
        describe_progress: Says where the same command goes on; asked after everything has stopped.
    """
    watch = _Watch()
    try:
        yield
    except BaseException:
        if not watch.number:
            raise
    finally:
        watch.close()
    if watch.number:
        _say(f"stopped; {describe_progress()}")
        raise typer.Exit(128 + watch.number)


@contextmanager
def started_without_hangups() -> Iterator[None]:
    """Let what is started within the block live on when the terminal closes: whoever started it ends it in its turn."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def leave_signals_to_parent() -> None:
    """Ignore what a terminal sends to all of its processes; once SIGTERM has come, say nothing and end within 25 s.

    By then the state has been saved; what is left may be asking a server that has gone.
    """
    global _is_child
    _is_child = True
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)

    def look() -> None:
        while reader.recv(1)[0] != signal.SIGTERM:
            pass
        logging.disable(logging.CRITICAL)
        time.sleep(CHILD_SECONDS)
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=look, name="aepipe-signals", daemon=True).start()


def end_child_at_once() -> None:
    """End this process, which SIGTERM has stopped in good order, if it leaves its signals to its parent.

    The parent tells the server how it ended. Its own call could wait for a server that ends with the parent, which
    waits for it in its turn.
    """
    if _is_child:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTERM)


class _Watch:
    """Sees signals as they come, whatever Python code handles them."""

    def __init__(self):
        self.number = 0
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        # What is ignored, as under nohup, stays so.
        self._handlers = {n: signal.getsignal(n) for n in NUMBERS if signal.getsignal(n) is not signal.SIG_IGN}
        for number in self._handlers:
            signal.signal(number, self._stop)
        threading.Thread(target=self._look, name="aepipe-signals", daemon=True).start()

    def close(self) -> None:
        """Leave the signals as they were; those of a command that is ending are the thread's."""
        for number, handler in self._handlers.items():
            signal.signal(number, _pass if self.number else handler)
        if not self.number:
            signal.set_wakeup_fd(self._before)
            self._writer.close()

    def _stop(self, number: int, _) -> None:
        self.number = self.number or number
        # Ending must not be interrupted in its turn.
        for other in self._handlers:
            signal.signal(other, _pass)
        raise Stopped

    def _look(self) -> None:
        with self._reader:
            while received := self._reader.recv(1):
                if received[0] in self._handlers:
                    self.number = self.number or received[0]
                    break
            if not received:
                return
            # What Prefect would say of it at length is said in one line.
            logging.disable(logging.CRITICAL)
            self._reader.settimeout(END_SECONDS)
            with suppress(TimeoutError):
                # Prefect sends a SIGTERM on to the handler that was there before its own.
                while self._reader.recv(1)[0] != signal.SIGINT:
                    pass
        for child in multiprocessing.active_children():
            child.kill()
        _say("stopped before everything had ended; the same command goes on from the last checkpoint")
        os._exit(128 + self.number)


def _pass(*_) -> None:
    """Leave a signal to the thread."""


def _say(line: str) -> None:
    # A terminal that hung up takes no line.
    with suppress(OSError):
        print(f"aepipe: {line}", file=sys.stderr, flush=True)
