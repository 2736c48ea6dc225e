"""The model that a channel names: loaded, and loaded anew beside the old one when the channel moves."""

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from aepipe.errors import AepipeError, ObjectNotFoundError, StoreError, TransientStoreError
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.loading import load
from aepipe.inference.serve.metrics import Metrics
from aepipe.releases.channels import require_channel
from aepipe.store import Store
from aepipe.store.names import is_release_id

logger = logging.getLogger(__name__)

# A release that does not load is tried again, ever more seldom.
MAX_RETRY_SECONDS = 300.0
# A process that ends while TensorFlow is at work may crash.
MAX_END_SECONDS = 15.0


@dataclass(frozen=True)
class _Failed:
    release: str
    seconds: float
    tried: float


class Following:
    """One model of a channel, or of a release, which never changes.

    A release that can't be had leaves the model that is there.

    Args:
        store: Where releases are.
        model: The model's name.
        channel: A channel's name, or a release's id.
        poll_seconds: How often the channel is looked at.
        metrics: Where it is noted.
    """

    def __init__(
        self,
        store: Store,
        model: str,
        channel: str,
        poll_seconds: float,
        metrics: Metrics,
    ):
        self._store, self.model, self.channel = store, model, channel
        self._poll_seconds, self._metrics = poll_seconds, metrics
        self._stop = threading.Event()
        # A look that waits for a store that is away must not keep the process.
        self._thread = threading.Thread(target=self._run, name="aepipe-following", daemon=True)
        self._failed: _Failed | None = None
        self.current: LoadedModel | None = None
        self.problem: AepipeError | None = None
        self.hopeless: AepipeError | None = None

    def __enter__(self) -> "Following":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the thread; one that loads has a while for it."""
        self._stop.set()
        self._thread.join(MAX_END_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            if self.hopeless is not None:
                return
            self._stop.wait(self._poll_seconds)

    def look(self) -> None:
        """Load what the channel names now, where that is not the model that is there."""
        try:
            release = self._named_release()
            if self.current is not None and release == self.current.release:
                self._end_problem()
            elif self._is_due(release):
                self._switch(release)
        except AepipeError as error:
            self._keep(error)
        except Exception as error:
            # Nobody waits for this thread: without it the old release would be kept for good, and nobody told.
            logger.exception("A look at the channel failed.")
            self._keep(StoreError("A release that a channel names loads and computes.", reason=repr(error)))

    def _named_release(self) -> str:
        if is_release_id(self.channel):
            return self.channel
        return require_channel(self._store, self.channel).release

    def _is_due(self, release: str) -> bool:
        failed = self._failed
        return failed is None or failed.release != release or time.monotonic() - failed.tried >= failed.seconds

    def _switch(self, release: str) -> None:
        try:
            loaded = replace(load(self._store, self.model, self.channel), is_compiled=True)
            _warm_up(loaded)
        except TransientStoreError:
            raise
        except Exception:
            before = self._failed
            seconds = self._poll_seconds if before is None or before.release != release else 2 * before.seconds
            self._failed = _Failed(release, min(seconds, MAX_RETRY_SECONDS), time.monotonic())
            raise
        self.current = loaded
        self._end_problem()
        self._metrics.note_switch(loaded)
        logger.info("%s of release %s answers.", loaded.name, loaded.release)

    def _end_problem(self) -> None:
        self.problem = self._failed = None
        self._metrics.is_behind.set(0)

    def _keep(self, error: AepipeError) -> None:
        if str(error) != str(self.problem):
            kept = "no model is there yet" if self.current is None else f"{self.current.release} is kept"
            logger.warning("%s: %s", kept, error)
        self.problem = error
        self._metrics.failures.inc()
        self._metrics.is_behind.set(1)
        # What a store that is away holds will be seen; what is not there now would only come with a later release.
        if self.current is None and not isinstance(error, TransientStoreError):
            self.hopeless = error


def _warm_up(loaded: LoadedModel) -> None:
    """Compute for the first time: no request of a model waits for its compiling, and one that can't is not used."""
    # What was compiled for two numbers of pictures takes any.
    for num_pictures in (1, 2):
        pictures = np.zeros((num_pictures, *loaded.image_shape), np.float32)
        loaded.reconstruct(pictures)
        loaded.see(pictures)
        # A release may be older than calibrations are; whoever asks for a score is told.
        with suppress(ObjectNotFoundError):
            loaded.score(pictures)
