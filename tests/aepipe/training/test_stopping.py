"""Who interrupts the wait, and what the work sees of it."""

import signal
import subprocess
import sys
import threading
import time
from contextvars import ContextVar

import pytest

from aepipe.training.stopping import run_stoppable, stopped


class Interrupted(BaseException):
    """What the owner of a signal's handler raises."""


@pytest.fixture
def owned():
    """SIGTERM has a handler that raises, as under Prefect."""

    def handle(number, frame):
        raise Interrupted

    previous = signal.signal(signal.SIGTERM, handle)
    yield handle
    signal.signal(signal.SIGTERM, previous)


def saving(seen, number):
    """Work that sends this process a signal, and saves its state when it is told to stop."""

    def work(stop: threading.Event):
        _send(number)
        assert stop.wait(10)
        seen.append("saved")
        raise stopped()

    return work


def _send(number):
    signal.pthread_kill(threading.main_thread().ident, number)


def test_its_result_is_returned_and_its_error_raised():
    assert run_stoppable(lambda stop: (stop.is_set(), threading.current_thread().name)) == (False, "aepipe-training")
    with pytest.raises(ZeroDivisionError):
        run_stoppable(lambda stop: 1 / 0)


def test_what_the_callers_context_holds_is_there():
    variable = ContextVar("variable")
    variable.set("run")
    assert run_stoppable(lambda stop: variable.get()) == "run"


def test_the_state_is_saved_before_what_a_handler_raised_goes_on(owned):
    seen = []
    with pytest.raises(Interrupted):
        run_stoppable(saving(seen, signal.SIGTERM))
    assert seen == ["saved"]
    assert signal.getsignal(signal.SIGTERM) is owned


def test_a_signal_that_another_thread_receives_is_seen_too(owned):
    """After SIGCONT any thread may be the one."""
    told = []

    def work(stop: threading.Event):
        # The main thread is in its wait by then, and this does not wake it.
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        told.append(stop.wait(10))
        raise stopped()

    with pytest.raises(Interrupted):
        run_stoppable(work)
    assert told == [True]


def test_the_handler_that_somebody_installed_is_not_replaced(owned):
    """Prefect cancels in good order only what still has its own handler."""
    assert run_stoppable(lambda stop: signal.getsignal(signal.SIGTERM)) is owned


def test_ctrl_c_saves_the_state_too():
    seen = []
    # A process that a script started in the background ignores it.
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_stoppable(saving(seen, signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, previous)
    assert seen == ["saved"]


def test_a_second_signal_does_not_cut_the_saving_short(owned):
    seen = []

    def work(stop):
        _send(signal.SIGTERM)
        assert stop.wait(10)
        _send(signal.SIGTERM)
        time.sleep(0.1)
        seen.append("saved")

    with pytest.raises(Interrupted):
        run_stoppable(work)
    assert seen == ["saved"]


def test_a_sigterm_that_nobody_handles_ends_the_process_after_the_state_is_saved():
    code = (
        "import os, signal\n"
        "from aepipe.training.stopping import run_stoppable\n"
        "def work(stop):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    stop.wait(10)\n"
        "    print('saved', flush=True)\n"
        "run_stoppable(work)\n"
        "print('never')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "saved\n")
