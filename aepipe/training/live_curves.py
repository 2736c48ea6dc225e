"""Curves of a training in the store while it goes on: its event files, as far as they have been written."""

import contextvars
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from aepipe.errors import StoreError
from aepipe.store.interface import Store
from aepipe.training.settings import CheckpointSettings

PREFIX = "curves/"
DESCRIPTION, EVENTS = "recipe.json", "tensorboard"
# A training that is over sooner has its curves in its result.
MIN_SECONDS = 5
# The older a training, the rarer: whoever looks at an hour does not miss three minutes of it.
AGE_SHARE, MAX_SAVING_SHARE = 0.05, 0.01
# What the end of a training that was stopped waits for its last curves.
LAST_SECONDS = 10
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LiveCurves:
    """The curves of one training that is not complete, and which recipe it is of.

    They lie under names of their own, where nobody looks for a stage's result. Each object is the beginning of a file
    that grows, so that what lies there is a log folder at any time.

    Attributes:
        store: Where they are.
        training: The training's fingerprint.
    """

    store: Store
    training: str

    @property
    def prefix(self) -> str:
        """Where they lie, with a slash at the end."""
        return f"{PREFIX}{self.training}/"

    def take_up(self, folder: Path) -> None:
        """Bring the event files of earlier processes into a training's folder; without them it goes on all the same."""
        try:
            for info in list(self.store.list(f"{self.prefix}{EVENTS}/")):
                path = folder / EVENTS / info.key.rpartition("/")[2]
                path.parent.mkdir(exist_ok=True)
                self.store.get_file(info.key, path)
        except StoreError as error:
            logger.warning("The curves begin without those of an earlier process: %s", error)

    def clear(self) -> None:
        """Remove them."""
        self.store.delete_many([info.key for info in self.store.list(self.prefix)])


class CurvesUpload:
    """Keeps a training's curves in the store up to date, from a thread of its own: the training never waits for it.

    A context. Where the training does not come to its end, the curves are brought up to it. An upload that fails is a
    warning: of curves alone nothing depends.

    Args:
        curves: Where they go.
        folder: The training's files.
        saving: How often its states are saved; its curves are no rarer, while uploading takes little of the time.
    """

    def __init__(self, curves: LiveCurves, folder: Path, saving: CheckpointSettings):
        self._curves, self._folder, self._saving = curves, folder, saving
        self._ended, self._is_complete = threading.Event(), False
        self._sizes: dict[str, int] = {}
        # The log of whoever waits for the training is found by the context.
        run = contextvars.copy_context().run
        self._thread = threading.Thread(target=run, args=(self._run,), name="aepipe-curves", daemon=True)

    def __enter__(self) -> "CurvesUpload":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None) -> None:
        self._is_complete = kind is None
        self._ended.set()
        self._thread.join(LAST_SECONDS)

    def _run(self) -> None:
        began, pause = time.monotonic(), float(MIN_SECONDS)
        while not self._ended.wait(pause):
            started = time.monotonic()
            self._upload()
            now = time.monotonic()
            by_age = min(self._saving.every_seconds, AGE_SHARE * (now - began))
            pause = max(MIN_SECONDS, by_age, (now - started) / MAX_SAVING_SHARE)
        if not self._is_complete:
            self._upload()

    def _upload(self) -> None:
        """Put every file that has grown; what a reader is told the training by comes first."""
        events = sorted((self._folder / EVENTS).glob("*"))
        try:
            for path in [self._folder / DESCRIPTION, *events] if events else []:
                key, size = path.relative_to(self._folder).as_posix(), path.stat().st_size
                if self._sizes.get(key) != size:
                    data = path.read_bytes()
                    self._curves.store.put(f"{self._curves.prefix}{key}", data)
                    self._sizes[key] = len(data)
        except StoreError as error:
            logger.warning("The curves could not be uploaded, and the training goes on: %s", error)
        except FileNotFoundError:
            # The training has ended, and its folder is gone.
            return
