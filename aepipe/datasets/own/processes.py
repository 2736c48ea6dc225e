"""Processes that decode pictures: as many as there are cores, gone with the one that started them."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, TypeVar

from aepipe.errors import DataError
from aepipe.hardware import chosen_threads, usable_cores

# Each holds a block and a picture or two.
MAX_PROCESSES = 16
READY_AHEAD = 2
GARBAGE_THRESHOLD = 100_000

T = TypeVar("T")
R = TypeVar("R")

# What this process was given for all of its work.
_shared: list[Any] = []


def in_processes(function: Callable[[T, Any], R], work: Sequence[T], shared: Any) -> Iterator[R]:
    """Yield what a function returns for each piece of work and what all share, in order; a few are ready ahead.

    Args:
        function: Of a module: another process finds it by its name.
        work: The pieces.
        shared: Sent to each process once.

    Raises:
        DataError: a process was killed.
    """
    num_processes = min(len(work), MAX_PROCESSES, chosen_threads() or usable_cores())
    if num_processes <= 1:
        yield from (function(piece, shared) for piece in work)
        return
    waiting: deque[Future[R]] = deque()
    with _pool(num_processes, shared) as pool:
        for piece in work:
            with _no_main_module():
                waiting.append(pool.submit(partial(_call, function), piece))
            if len(waiting) >= READY_AHEAD * num_processes:
                yield _result(waiting.popleft(), num_processes)
        while waiting:
            yield _result(waiting.popleft(), num_processes)


def _result(future: "Future[R]", num_processes: int) -> R:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise DataError(
            "The processes that decode pictures must stay alive: one was killed, as where memory runs out.",
            "Give it more memory, or let fewer work at once: AEPIPE_THREADS=1.",
            num_processes=num_processes,
        ) from error


@contextmanager
def _pool(num_processes: int, shared: Any) -> Iterator[ProcessPoolExecutor]:
    """Give processes that end with the block, at once where it is left by an error, and with this process."""
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(num_processes, context, initializer=_begin, initargs=(theirs, shared))
    try:
        yield pool
        pool.shutdown()
    finally:
        ours.close()
        pool.shutdown(cancel_futures=True)
        theirs.close()


@contextmanager
def _no_main_module() -> Iterator[None]:
    """Hide the program's main module, which a process that starts would run: Prefect's, or a script of the user's."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _begin(lifeline: Connection, shared: Any) -> None:
    # Whoever started it is told by the terminal, too, and ends it.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Thousands of rows and pixels in a block are no circles to look for.
    gc.set_threshold(GARBAGE_THRESHOLD)
    _shared.append(shared)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    """End this process as soon as nobody holds the other end any more."""
    lifeline.poll(None)
    os._exit(1)


def _call(function: Callable[[T, Any], R], piece: T) -> R:
    return function(piece, _shared[0])
