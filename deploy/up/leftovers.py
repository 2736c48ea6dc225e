"""Processes that outlived who started them: nobody else could stop them, and they would share a GPU with others."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

# Every process that a machine's server and workers start inherits the machine's folder under this name.
MARK = "UP_STATE"
# A training saves its state before it ends.
END_SECONDS = 30


def end_runs(state: Path, worker: str | None = None) -> list[UUID]:
    """End the processes of runs that this folder's workers started, and return the runs; each saves its state first.

    Args:
        state: The folder of server and workers.
        worker: Of which worker; None for all of them.
    """
    runs = {
        pid: UUID(environment["PREFECT__FLOW_RUN_ID"])
        for pid, environment in _processes(state).items()
        if "PREFECT__FLOW_RUN_ID" in environment and worker in (None, environment.get("PREFECT__WORKER_NAME"))
    }
    _end(state, set(runs))
    return sorted(set(runs.values()))


def end_programs(state: Path) -> None:
    """End servers and workers of this folder."""
    _end(state, set(_processes(state)))


def _end(state: Path, processes: set[int]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes & set(_processes(state)):
            os.kill(process, number)
        deadline = time.monotonic() + END_SECONDS
        while processes & set(_processes(state)) and time.monotonic() < deadline:
            time.sleep(0.2)


def environments() -> Mapping[int, Mapping[str, str]]:
    """Return the environment of each process that this user may look into, by its number; none without /proc."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            pairs = file.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            # Somebody else's, or gone by now.
            continue
        found[int(file.parent.name)] = dict(pair.partition("=")[::2] for pair in pairs)
    return found


def _processes(state: Path) -> Mapping[int, Mapping[str, str]]:
    """Return the environments of the processes of this folder, but for this one."""
    return {
        pid: environment
        for pid, environment in environments().items()
        if environment.get(MARK) == str(state) and pid != os.getpid()
    }
