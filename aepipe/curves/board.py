"""TensorBoard on a log folder that follows a store, until somebody stops it."""

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from tensorboard import program
from tensorboard.data import server_ingester

from aepipe.curves.chosen import Chosen, find_published
from aepipe.curves.log_folder import LogFolder
from aepipe.errors import StoreError
from aepipe.io.listening import ListenError
from aepipe.io.temporary import temporary_folder
from aepipe.store.interface import Store

HOST = "127.0.0.1"
FOLLOW_SECONDS = 5
logger = logging.getLogger(__name__)


def show_curves(store: Store, chosen: Chosen, port: int, say: Callable[[str], None]) -> None:
    """Show curves in TensorBoard until SIGTERM or Ctrl-C, and add to them what trainings come to meanwhile.

    Args:
        store: Where the trainings are.
        chosen: Which ones.
        port: Where TensorBoard listens, on this machine alone; 0 for any port that is free.
        say: Takes lines for a person.

    Raises:
        ListenError: the port can't be had.
        StoreError: there is no store, or no such release, or it does not answer; later on that is waited for.
    """
    with _stopped_in_good_order() as stopped, temporary_folder("curves") as folder:
        curves = LogFolder(store, folder, chosen)
        published = curves.add_published(find_published(store, chosen))
        names = [*published, *curves.add_completed(), *curves.update()]
        for name in names:
            say(name)
        for name in [name for name in chosen.models if name not in curves.answered] or ([] if names else ["any model"]):
            say(f"There are no curves of {name} yet; they appear when it has been trained for some seconds.")
        say(f"TensorBoard is at {_launch(folder, port)}; Ctrl-C ends it.")
        while not stopped.wait(FOLLOW_SECONDS):
            try:
                for name in curves.update():
                    say(f"{name} goes on")
            except StoreError as error:
                logger.warning("The curves are as they were: %s", error)


def _launch(folder: Path, port: int) -> str:
    """Start TensorBoard in this process, and return its URL."""
    # By this module TensorBoard is told to do without TensorFlow, which takes seconds and 700 MB for nothing.
    sys.modules.setdefault("tensorboard.compat.notf", ModuleType("notf"))
    board = program.TensorBoard()
    options = {"logdir": folder, "host": HOST, "port": port, "reload_interval": FOLLOW_SECONDS, "load_fast": _speed()}
    board.configure(argv=["tensorboard", *(f"--{name}={value}" for name, value in options.items())])
    try:
        return board.launch()
    except program.TensorBoardServerException as error:
        rule = "TensorBoard must be able to listen; nothing was changed."
        raise ListenError(rule, "Name another port, or 0 for any: --port 0.", host=HOST, port=port) from error


def _speed() -> str:
    """Return whether TensorBoard's own reader of event files is there, which follows many of them at once."""
    try:
        server_ingester.get_server_binary()
    except server_ingester.NoDataServerError:
        return "false"
    return "true"


@contextmanager
def _stopped_in_good_order() -> Iterator[threading.Event]:
    """Give an event that SIGTERM sets; Ctrl-C ends the block as well, wherever it is."""
    stopped = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda number, frame: stopped.set())
    try:
        yield stopped
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
