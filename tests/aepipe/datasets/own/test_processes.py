import os
import signal
import sys
import time

import pytest

from aepipe.datasets.own.processes import in_processes
from aepipe.errors import DataError


def square(number, shared):
    return number * number + shared


def look(piece, shared):
    return os.getpid(), {"tensorflow", "keras", "prefect", "pandas"} & sys.modules.keys()


def die(piece, shared):
    os.kill(os.getpid(), signal.SIGKILL)


def sleep_or_fail(number, folder):
    (folder / str(os.getpid())).touch()
    if number:
        time.sleep(600)
    # Not before the other one is at work.
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.05)
    raise DataError("A picture must be readable.", file="a.png")


@pytest.fixture(autouse=True)
def two_processes(monkeypatch):
    monkeypatch.setenv("AEPIPE_THREADS", "2")


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_results_come_in_order_from_processes_that_load_nothing_else_and_end():
    assert list(in_processes(square, range(20), 100)) == [number * number + 100 for number in range(20)]
    found = list(in_processes(look, range(20), None))
    pids = {pid for pid, _ in found}
    assert os.getpid() not in pids
    assert set().union(*(loaded for _, loaded in found)) == set()
    assert not any(map(is_running, pids))


def test_one_piece_of_work_needs_no_process():
    assert next(iter(in_processes(look, [0], None)))[0] == os.getpid()


def test_a_process_that_is_killed_is_said_in_one_line():
    with pytest.raises(DataError, match=r"must stay alive.*num_processes=2.*AEPIPE_THREADS=1"):
        list(in_processes(die, range(4), None))


def test_an_error_ends_the_others_whatever_they_do(tmp_path):
    with pytest.raises(DataError, match="must be readable"):
        list(in_processes(sleep_or_fail, range(4), tmp_path))
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert len(pids) == 2
    assert not any(map(is_running, pids))
