"""SIGKILL at random moments: the training that is left ends with the bytes of one that was never killed.

AEPIPE_KILLS says how often; twice in the suite, because every life begins with importing TensorFlow.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from aepipe.store import open_store

NUM_KILLS = int(os.environ.get("AEPIPE_KILLS", "2"))
# Some seconds of training for each kill.
EPOCHS = 80 * NUM_KILLS


def start(store: Path) -> subprocess.Popen:
    script = Path(__file__).with_name("train_once.py")
    process = subprocess.Popen([sys.executable, script, store, str(EPOCHS)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    return process


def finish(process: subprocess.Popen) -> list[str]:
    """Return at which step it resumed, which epoch it kept, and the model's digest."""
    answer = process.communicate()[0].split()
    assert process.returncode == 0
    return answer


def steps_done(store: Path) -> int:
    """Return how many steps the newest checkpoint has behind it."""
    names = [info.key.rpartition("/")[2] for info in open_store(str(store)).list("checkpoints/")]
    return max((int(name.partition("-")[0]) for name in names), default=0)


def test_random_kills_change_no_byte(tmp_path):
    resumed_at, *expected = finish(start(tmp_path / "never killed"))
    assert resumed_at == "None"
    generator = random.Random(int(os.environ.get("AEPIPE_KILL_SEED", time.time_ns())))
    killed, places = tmp_path / "killed", []
    for _ in range(NUM_KILLS):
        before = steps_done(killed)
        with start(killed) as process:
            # Half of the kills may fall into importing and compiling.
            if generator.random() < 0.5:
                while steps_done(killed) == before and process.poll() is None:
                    time.sleep(0.05)
            time.sleep(generator.uniform(0, 4))
            process.kill()
        places.append(steps_done(killed))
    resumed_at, *answer = finish(start(killed))
    print("steps at the kills:", places, "resumed at", resumed_at)
    assert answer == expected
    assert list(open_store(str(killed)).list("checkpoints/")) == []
    assert list(open_store(str(killed)).list("curves/")) == []


def test_sigterm_saves_and_ends_the_process(tmp_path):
    with start(tmp_path) as process:
        # Past the first epoch, in which steps and validation are compiled.
        while steps_done(tmp_path) < 100:
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert process.wait(60) == -signal.SIGTERM
    print(f"ended {time.monotonic() - started:.2f} s after SIGTERM")
    assert list(open_store(str(tmp_path)).list("checkpoints/"))
    (events,) = (tmp_path / "curves").glob("*/tensorboard/*")
    read = EventAccumulator(str(events))
    read.Reload()
    assert read.Tensors("loss")
