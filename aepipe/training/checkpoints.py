"""States of a training in the store: the last two, each under a name that has its digest."""

import hashlib
import logging
from dataclasses import dataclass

from aepipe.errors import ObjectNotFoundError
from aepipe.store.interface import Store

NUM_KEPT = 2
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
