"""`aepipe run` is told to stop while it trains: it ends soon, in one line, its checkpoint saved and nothing left."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from e2e.stack import processes_with, wait_for

RECIPES = ("mnist-dense", "mnist-subclassed")
# Far longer than any test.
ENDLESS = ["max_steps=4000000", "epochs=99999", "noise.kinds=gaussian", "noise.levels=0.2", "noise.max_images=5"]
# One line is said well before what a command that can't end gets.
END_SECONDS = 60
MARK = "AEPIPE_TEST_RUN"


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    """One for all: the first run keeps the Prefect server's empty tables there, which take seconds to make."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def training(tmp_path, cache, request):
    """A run that trains, as a terminal would start it: in a process group of its own."""
    recipes, mark = request.param, uuid.uuid4().hex
    changes = [word for change in ENDLESS for word in ("--set", change)]
    command = ["run", "--preset", "quick", "--data-set", "digits", "--recipes", ",".join(recipes), *changes]
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("aepipe"), *command, "--store", str(tmp_path / "store")],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            env={**os.environ, MARK: mark, "TMPDIR": str(tmp_path), "AEPIPE_CACHE": str(cache)},
            start_new_session=True,
            preexec_fn=hear_signals,
        )
    try:
        begun = [f"recipe={recipe} epoch=" for recipe in recipes]
        wait_for(lambda: all(line in said(tmp_path) for line in begun), 240, "it trains")
        yield process, mark
    finally:
        for pid in processes_with(MARK, mark):
            os.kill(pid, signal.SIGKILL)
        process.wait()


def hear_signals() -> None:
    # A test run in the background would hand on that it ignores them.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def said(folder: Path) -> str:
    return (folder / "output").read_text()


one_training = pytest.mark.parametrize("training", [RECIPES[:1]], indirect=True, ids=["one training"])
two_trainings = pytest.mark.parametrize("training", [RECIPES], indirect=True, ids=["two trainings"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("send", [os.killpg, os.kill], ids=["group", "process"])
@two_trainings
def test_a_signal_ends_two_trainings(training, number, send, tmp_path):
    _stop(training, number, send, tmp_path)


@two_trainings
def test_a_training_that_stops_late_does_not_hold_up_the_end(training, tmp_path):
    """Until the server that it would tell of its end has gone."""
    process, mark = training
    late = max(pid for pid in processes_with(MARK, mark) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(late, signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    wait_for(lambda: "aepipe: stopped; the same command goes on at step" in said(tmp_path), END_SECONDS, "it stopped")
    os.kill(late, signal.SIGCONT)
    assert process.wait(END_SECONDS) == 128 + signal.SIGINT
    assert "stopped before everything had ended" not in said(tmp_path)
    wait_for(lambda: not processes_with(MARK, mark), 10, "no process is left")
    assert list(tmp_path.glob("aepipe-*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@one_training
def test_a_signal_ends_one_training(training, number, tmp_path):
    _stop(training, number, os.killpg, tmp_path)


@two_trainings
def test_what_a_killed_run_leaves_ends_by_itself(training, tmp_path):
    process, mark = training
    process.kill()
    process.wait()
    wait_for(lambda: not processes_with(MARK, mark), END_SECONDS, "no process is left")
    assert list(tmp_path.glob("aepipe-prefect-*")) == []


def _stop(training, number, send, folder: Path) -> None:
    process, mark = training
    lines_before = said(folder).count("\n")
    started = time.monotonic()
    send(process.pid, number)
    assert process.wait(END_SECONDS) == 128 + number
    print(f"{number.name} by {send.__name__}: ended after {time.monotonic() - started:.1f} s")
    wait_for(lambda: not processes_with(MARK, mark), 10, "no process is left")
    *_, last = said(folder).splitlines()
    assert last.startswith("aepipe: stopped; the same command goes on at step")
    # Trainings may have said something of an epoch in the meantime, and nobody anything else.
    added = said(folder).splitlines()[lines_before:-1]
    assert [line for line in added if " epoch=" not in line] == []
    assert list(folder.glob("aepipe-prefect-*")) == []
