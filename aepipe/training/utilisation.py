"""Utilisation of GPUs while a training goes on, as their driver tells it now and then."""

import threading
from types import TracebackType

import numpy as np

from aepipe.hardware import count_gpus, gpus_busy_percent

EVERY_SECONDS = 10.0


class Utilisation:
    """Asks the driver every ten seconds, from a thread that the training never waits for. A context."""

    def __init__(self) -> None:
        self._ended, self._shares = threading.Event(), list[float]()
        self._thread = threading.Thread(target=self._run, name="aepipe-utilisation", daemon=True)

    def __enter__(self) -> "Utilisation":
        if count_gpus():
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()

    @property
    def mean(self) -> float | None:
        """In which share of the time the GPUs that the training may use computed; None where nobody has said."""
        return round(float(np.mean(self._shares)), 3) if self._shares else None

    def _run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self._shares += [percent / 100 for percent in gpus_busy_percent()]
