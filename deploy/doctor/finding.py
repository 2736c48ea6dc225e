"""Findings of checks, which run side by side so that none can hold up the others."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Literal, TypeVar

from aepipe.errors import AepipeError
from aepipe.hardware import usable_cores

# Longer than any check takes where nothing is in its way.
SLOW_SECONDS = 30.0

Result = TypeVar("Result")
State = Literal["ok", "warning", "broken"]
Check = Callable[[], Iterator["Finding"]]


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, and what to do about it."""

    state: State
    subject: str
    finding: str
    way_out: str = ""


def failure(subject: str, error: AepipeError) -> Finding:
    """Return what an error says as a finding."""
    return Finding("broken", subject, error.problem, error.way_out)


def start(function: Callable[[], Result]) -> Future[Result]:
    """Run a function in a thread of its own, with the caller's settings. One that hangs ends with the process."""
    future: Future[Result] = Future()
    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(function))
        except BaseException as error:
            # Raised again for whoever asks for the result.
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def gather(checks: Mapping[str, Check], limit_seconds: float) -> list[Finding]:
    """Run checks side by side and return what they found, in their order.

    Args:
        checks: What is checked, to the check.
        limit_seconds: What a check has found until then counts, and that it has not ended is a finding too. One that
            ended and was slow is a warning.
    """
    found: dict[str, list[Finding]] = {subject: [] for subject in checks}
    futures = {subject: start(partial(_collect, subject, check, found[subject])) for subject, check in checks.items()}
    deadline = time.monotonic() + limit_seconds
    findings: list[Finding] = []
    for subject, future in futures.items():
        wait([future], max(0.0, deadline - time.monotonic()))
        findings += found[subject]
        if future.done():
            future.result()
        else:
            text = f"not done within {limit_seconds:g} s; {_load()}"
            way_out = "Where the machine is not busy, it hangs: a disk that is not there, a server that says nothing."
            findings.append(Finding("broken", subject, text, way_out))
    return findings


def _collect(subject: str, check: Check, findings: list[Finding]) -> None:
    started = time.monotonic()
    findings.extend(check())
    seconds = time.monotonic() - started
    if seconds > SLOW_SECONDS:
        way_out = "What was found counts. Look at the load of this machine and of what was asked."
        findings.append(Finding("warning", f"speed of: {subject}", f"slow, {seconds:.0f} s; {_load()}", way_out))


def _load() -> str:
    return f"this machine's load is {os.getloadavg()[0]:.0f} on {usable_cores()} cores"
