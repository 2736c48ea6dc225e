"""Digests of files far away, as earlier uses of a model read them: what is as it was need not be read to be known."""

import hashlib
import io
import logging
from collections.abc import Mapping

from aepipe.datasets.formats.members import FileState
from aepipe.errors import StoreError
from aepipe.results.manifest import files_key
from aepipe.store.interface import Store

FileDigests = Mapping[FileState, str]
COLUMNS = (*FileState._fields, "digest")
logger = logging.getLogger(__name__)


def read_file_digests(store: Store, model: str, source: str) -> FileDigests:
    """Return the sha256 of files at a place, as they were when uses of a model read them; none where none has.

    A table that is damaged is as good as none: the files are read, and it is written anew.

    Raises:
        StoreError: the store does not answer.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = store.get_versioned(_key(model, source))
    if found is None:
        return {}
    try:
        table = pq.read_table(io.BytesIO(found.data), columns=list(COLUMNS))
    except (pa.ArrowException, OSError) as error:
        logger.warning("All files of %s are read: %s", source, error)
        return {}
    *states, digests = (table[name].to_pylist() for name in COLUMNS)
    return dict(zip(map(FileState, *states), digests, strict=True))


def keep_file_digests(store: Store, model: str, source: str, digests: FileDigests) -> None:
    """Keep the digests of the files at a place; that they could not be kept is a warning: the next use reads more."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, buffer = [(*state, digest) for state, digest in sorted(digests.items())], io.BytesIO()
    pq.write_table(pa.table(dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))), buffer, compression="zstd")
    try:
        store.put(_key(model, source), buffer.getvalue())
    except StoreError as error:
        logger.warning("The next use reads all files of %s: %s", source, error)


def _key(model: str, source: str) -> str:
    return files_key(model, hashlib.sha256(source.encode()).hexdigest()[:16])
