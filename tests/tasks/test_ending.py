"""What takes too long ends: in good order where it is Python, and with its process where it is not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL

from aepipe.errors import TimedOutError
from aepipe.tasks.ending import ending_in_time
from aepipe.tasks.timeouts import TimeoutSettings, timeouts

ROOT = Path(__file__).parents[2]
# A training that never hears that it should stop: nothing that Python raises in the main thread ends it.
HANGING = """
import sys, time
from prefect import flow
from prefect.runtime import flow_run
from aepipe.tasks.ending import ending_in_time
from aepipe.tasks.timeouts import TimeoutSettings, use_timeouts
from aepipe.training.stopping import run_stoppable

@flow
def hang():
    print(flow_run.id, flush=True)
    use_timeouts(TimeoutSettings(grace_seconds=0.5))
    with ending_in_time("training", "train", 0.5):
        run_stoppable(lambda stop: time.sleep(600))

hang()
"""


def test_no_catch_on_the_way_keeps_what_takes_too_long():
    def hang():
        with ending_in_time("training", "train", 0.2):
            while True:
                try:
                    time.sleep(30)
                # As libraries have it around whatever may not answer.
                except Exception:
                    continue

    started = time.monotonic()
    with pytest.raises(TimedOutError, match=r"^train timed out after 0\.2 s\. Received: timeouts\.training_hours=24"):
        hang()
    assert time.monotonic() - started < 10


def test_what_ends_in_time_is_left_alone():
    before = signal.getsignal(signal.SIGALRM)
    with ending_in_time("other", "split", 0.2):
        pass
    time.sleep(0.3)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_training_with_a_time_limit_has_that_and_an_hour():
    assert timeouts().of_training(None) == 24 * 3600
    assert timeouts().of_training(30) == 1.5 * 3600
    assert TimeoutSettings(training_hours=2).of_training(None) == 2 * 3600


def test_a_step_that_hangs_outside_of_python_ends_with_its_process(prefect_server):
    done = subprocess.run(
        [sys.executable, "-c", HANGING],
        env={**os.environ, "PREFECT_API_URL": PREFECT_API_URL.value(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == -signal.SIGKILL
    assert "train timed out after 0.5 s." in done.stderr
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(UUID(done.stdout.split()[0])).state
    assert (state.type.value, state.name) == ("FAILED", "TimedOut")
    assert state.message.startswith("train timed out after 0.5 s.")
