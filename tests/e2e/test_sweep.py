"""A sweep over the workers of the pool: every training is there, and one more costs the parent no more than the last.

AEPIPE_SWEEP says how many trainings.
"""

import os
import time
from pathlib import Path

import pytest
from e2e.stack import processes_with

from aepipe.store import open_store

NUM_TRAININGS = int(os.environ.get("AEPIPE_SWEEP", 2))
TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(run) -> float:
    """What the processes of a run have used so far."""
    seconds = 0.0
    for pid in processes_with("PREFECT__FLOW_RUN_ID", str(run)):
        try:
            user, system = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[11:13]
        except OSError:
            continue
        seconds += (int(user) + int(system)) / TICKS
    return seconds


@pytest.mark.slow
def test_a_sweep_on_the_pool_trains_every_seed_and_writes_one_table(stack, s3_store_url):
    parameters = {
        "recipe": "mnist-dense",
        "setting": "published",
        "preset": "quick",
        "data_set": "digits",
        "seeds": list(range(NUM_TRAININGS)),
        "noise": {"kinds": ["gaussian"], "levels": [0.4], "max_images": 20},
        "store": s3_store_url,
    }
    run, used = stack.start_run("sweep/on-demand", **parameters), []
    started = time.monotonic()
    while not stack.read(run).state.is_final():
        assert time.monotonic() - started < 60 + 40 * NUM_TRAININGS
        num_done = sum(child.state.is_completed() for child in stack.children(run))
        used.append((num_done, processor_seconds(run)))
        time.sleep(1)
    ended = stack.read(run)
    assert ended.state.is_completed(), stack.log_of(run)
    print(f"{NUM_TRAININGS} trainings in {time.monotonic() - started:.0f} s: {ended.state.message}")
    for share in (0.25, 0.5, 0.75, 1):
        num_done, seconds = [reading for reading in used if reading[0] <= share * NUM_TRAININGS and reading[1]][-1]
        print(f"the parent used {seconds:.1f} processor seconds until {num_done} were done")
    assert len(stack.children(run)) == NUM_TRAININGS
    store = open_store(s3_store_url)
    table = next(info.key for info in store.list("stages/sweep/") if info.key.endswith("results.csv"))
    lines = store.get(table).decode().splitlines()
    assert len(lines) == NUM_TRAININGS + 1
    assert len(set(lines)) == len(lines)
