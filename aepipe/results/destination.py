"""Destinations of results: the store, or a new folder that appears whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aepipe.errors import ParameterError
from aepipe.io.disk import disk_errors
from aepipe.io.temporary import temporary_folder
from aepipe.store import Store

Destination = Store | Path


def open_destination(store: Store, output: str | Path | None) -> Destination:
    """Return where results go: the store, or a folder where one is named.

    Raises:
        ParameterError: there is something in the folder.
    """
    if output is None:
        return store
    folder = Path(os.path.abspath(Path(output).expanduser()))
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise ParameterError(
            "Results go into a folder of their own.", "Name a new or an empty one.", output=str(output)
        )
    return folder


@contextmanager
def working_folder(destination: Destination) -> Iterator[Path]:
    """Give an empty folder for the files of results, which is gone after the block.

    That of a folder is made beside it, so that it can become it.

    Raises:
        AccessDeniedError: this user may not write there.
        StoreError: the disk has no room.
    """
    if not isinstance(destination, Path):
        with temporary_folder("results") as folder, disk_errors(folder=str(folder)):
            yield folder
        return
    with disk_errors(output=str(destination)):
        destination.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".aepipe-", dir=destination.parent) as work:
            folder = Path(work) / "results"
            folder.mkdir()
            yield folder
