"""States of a training in the store: the last two, each under a name that has its digest."""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from aepipe.errors import ObjectNotFoundError, TransientStoreError
from aepipe.store.interface import Store
from aepipe.training.settings import CheckpointSettings

NUM_KEPT = 2
MAX_SAVING_SHARE = 0.01
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoints:
    """The states of one training.

    Attributes:
        store: Where they are.
        training: The training's fingerprint: another training never sees them.
    """

    store: Store
    training: str

    def save(self, steps: int, data: bytes) -> None:
        """Put the state after so many steps, and let go of all but the last two."""
        self.store.put(f"{self._prefix}{steps:012}-{hashlib.sha256(data).hexdigest()}.npz", data)
        for key in self._keys()[:-NUM_KEPT]:
            self.store.delete(key)

    def latest(self) -> bytes | None:
        """Return the newest state that is whole; one that was cut short or changed is removed."""
        for key in reversed(self._keys()):
            try:
                data = self.store.get(key)
            except ObjectNotFoundError:
                continue
            if hashlib.sha256(data).hexdigest() == key.rpartition("-")[2].removesuffix(".npz"):
                return data
            logger.warning("Checkpoint %s is damaged; the one before it is used.", key)
            self.store.delete(key)
        return None

    def steps(self) -> int:
        """Return how many steps the newest has behind it; 0 where there is none."""
        return max((int(key.rpartition("/")[2].partition("-")[0]) for key in self._keys()), default=0)

    def clear(self) -> None:
        """Remove all of them."""
        for key in self._keys():
            self.store.delete(key)

    @property
    def _prefix(self) -> str:
        return f"checkpoints/{self.training}/"

    def _keys(self) -> list[str]:
        """Return the keys, the oldest first."""
        return [info.key for info in self.store.list(self._prefix)]


class PacedSaving:
    """Saves a training's states when they are due: as often as the settings say, and in a small share of the time.

    Args:
        checkpoints: Where they go; nowhere where None.
        settings: How often.
    """

    def __init__(self, checkpoints: Checkpoints | None, settings: CheckpointSettings):
        self._checkpoints, self._settings = checkpoints, settings
        self._saved_at, self._saving_seconds = time.perf_counter(), 0.0

    def is_due(self) -> bool:
        """Tell whether time has come for the next one."""
        least = max(self._settings.every_seconds, self._saving_seconds / MAX_SAVING_SHARE)
        return self._checkpoints is not None and time.perf_counter() - self._saved_at >= least

    def is_due_after(self, num_epochs: int) -> bool:
        """Tell whether one is asked for after so many epochs, whatever it costs."""
        every = self._settings.every_epochs
        return every is not None and num_epochs % every == 0

    def save(self, steps: int, to_bytes: Callable[[], bytes], is_last: bool = False) -> None:
        """Save the state after so many steps.

        Raises:
            TransientStoreError: the store is away, and there won't be another one.
        """
        if self._checkpoints is None:
            return
        started = time.perf_counter()
        try:
            self._checkpoints.save(steps, to_bytes())
        except TransientStoreError as error:
            # The store may be back when the next one is due.
            if is_last:
                raise
            logger.warning("A checkpoint could not be saved, and the training goes on: %s", error)
        self._saved_at = time.perf_counter()
        self._saving_seconds = self._saved_at - started
