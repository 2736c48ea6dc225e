"""Indices that a store keeps of a data set: one for each state that was seen, never changed, in order of time."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from aepipe.datasets.index import Index, read_index, write_index
from aepipe.io.hashing import file_sha256
from aepipe.io.temporary import temporary_folder
from aepipe.store.interface import Store

PREFIX = "indices"
DIGEST_DIGITS = 12

# As the files were found, with what tells tomorrow which are unchanged; or with the part of each image.
Step = Literal["data", "split"]


def list_indices(store: Store, data_set: str, step: Step, choice: str | None = None) -> list[str]:
    """Return the keys of a data set's indices of a step, the newest first.

    Args:
        store: Where they are.
        data_set: The data set's name.
        step: Which of a run.
        choice: Digest of what was chosen about the images; of every choice where None.
    """
    wanted = [step] if choice is None else [step, choice]
    keys = [info.key for info in store.list(f"{PREFIX}/{data_set}/")]
    return sorted((key for key in keys if described(key)[: len(wanted)] == wanted), reverse=True)


def described(key: str) -> list[str]:
    """Return the step, and the choice where there is one, of an index by its key."""
    return key.rpartition("/")[2].split("-")[1:-1]


def load_index(store: Store, key: str) -> Index:
    """Return an index that lies under a key.

    Raises:
        ObjectNotFoundError: there is none.
        CorruptObjectError: it is damaged, or of a newer version.
    """
    with temporary_folder("index") as folder:
        store.get_file(key, folder / "index.parquet")
        return read_index(folder / "index.parquet")


def keep_index(store: Store, data_set: str, step: Step, path: Path, choice: str = "") -> str:
    """Put the file of an index beside the data set's others, and return its key."""
    # Of this machine's clock: two that are seconds apart may change places, and both are states that were.
    written = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    name = "-".join([written, step, *([choice] if choice else []), file_sha256(path)[:DIGEST_DIGITS]])
    key = f"{PREFIX}/{data_set}/{name}.parquet"
    store.put_file(key, path)
    return key


def save_index(store: Store, data_set: str, step: Step, index: Index, choice: str = "") -> str:
    """Write an index beside the data set's others, and return its key."""
    with temporary_folder("index") as folder:
        write_index(index, folder / "index.parquet")
        return keep_index(store, data_set, step, folder / "index.parquet", choice)
