"""How busy GPUs are is asked while a training goes on, of machines that have some."""

import itertools
import time

from aepipe.training import utilisation
from aepipe.training.utilisation import Utilisation


def test_what_the_driver_says_now_and_then_is_averaged(monkeypatch):
    answers = itertools.chain([[90, 100], [70, 100]], itertools.repeat([]))
    monkeypatch.setattr(utilisation, "EVERY_SECONDS", 0.001)
    monkeypatch.setattr(utilisation, "gpus_busy_percent", lambda: next(answers))
    monkeypatch.setattr(utilisation, "count_gpus", lambda: 2)
    with Utilisation() as busy:
        while busy.mean != 0.9:
            time.sleep(0.001)


def test_where_there_is_no_gpu_nobody_is_asked(monkeypatch):
    monkeypatch.setattr(utilisation, "count_gpus", lambda: 0)
    with Utilisation() as busy:
        pass
    assert busy.mean is None
