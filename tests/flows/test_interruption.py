"""A signal ends a command soon, with one line and its own exit code, whatever the main thread is busy with."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = """
import sys, time, typer
from aepipe.flows import interruption
from aepipe.flows.interruption import ending_in_one_line
interruption.END_SECONDS = 1
app = typer.Typer()
@app.command()
def main():
    with ending_in_one_line(lambda: "the same command goes on at step 7"):
        BODY
    print("left", flush=True)
app()
"""
BEGUN = "print('begun', flush=True)"
WAITS = f"{BEGUN}; time.sleep(60)"
# As a client that asks a server that is gone, again and again.
CLINGS = f"""
        try:
            {WAITS}
        except BaseException:
            time.sleep(60)
"""


def hear_signals() -> None:
    # Whoever runs the tests in the background ignores them, and so would the child.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(body: str, **options) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND.replace("BODY", body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        **{"preexec_fn": hear_signals, **options},
    )
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_one_line(number):
    process = start(WAITS)
    process.send_signal(number)
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (128 + number, "")
    assert errors == "aepipe: stopped; the same command goes on at step 7\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_does_not_end_is_ended(number):
    process = start(CLINGS)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert errors.count("\n") == 1
    assert "goes on from the last checkpoint" in errors


def test_a_second_interrupt_does_not_wait():
    process = start(f"interruption.END_SECONDS = 50{CLINGS}")
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGINT


def test_what_is_ignored_stays_so():
    process = start(f"{BEGUN}; time.sleep(1)", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.send_signal(signal.SIGHUP)
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, output, errors) == (0, "left\n", "")


def test_without_a_signal_an_error_is_an_error():
    process = start(f"{BEGUN}; raise KeyError('its own')")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "its own" in errors
    assert "stopped" not in errors


def test_a_process_that_leaves_signals_to_its_parent_ends_on_sigterm_alone():
    code = """
import time
from aepipe.flows import interruption
interruption.CHILD_SECONDS = 0.5
interruption.leave_signals_to_parent()
import signal
# As Prefect's handler, and a client that asks a server that is gone.
signal.signal(signal.SIGTERM, lambda *_: None)
print("begun", flush=True)
while True: time.sleep(0.1)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout.readline() == "begun\n"
    for number in (signal.SIGINT, signal.SIGHUP):
        process.send_signal(number)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    # More than one comes, of the terminal and of the parent.
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("begins", "ends"), [("interruption.leave_signals_to_parent()", (-signal.SIGTERM, "")), ("", (0, "asked\n"))]
)
def test_only_what_has_a_parent_to_say_how_it_ended_asks_no_server(begins, ends):
    code = f"""
import signal
from prefect.exceptions import TerminationSignal
from aepipe.flows import interruption, lifeline
{begins}
lifeline.get_client = lambda **_: print("asked", flush=True) or exit()
with lifeline.ending_in_good_order():
    raise TerminationSignal(signal.SIGTERM)
"""
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == ends
