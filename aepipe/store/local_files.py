"""Objects of the store as local files whose bytes were checked."""

import os
from pathlib import Path

from filelock import FileLock

from aepipe.errors import CorruptObjectError
from aepipe.io.disk import disk_errors
from aepipe.io.folders import default_cache_folder
from aepipe.io.hashing import file_sha256
from aepipe.store.folder import FolderStore
from aepipe.store.interface import Store, check_key
from aepipe.store.refs import Ref

MAX_SUFFIX = 16


def local_file(store: Store, ref: Ref) -> Path:
    """Return a local file with exactly the bytes that the reference names; read it, don't write it.

    A folder store's own file is used where it is. Any other object is downloaded once into the cache, by its digest.

    Raises:
        StoreError: the reference leads out of the store.
        CorruptObjectError: the store holds other bytes.
    """
    # Before the cache is asked: bytes that are known must not make a key legal that no store would take.
    key = check_key(ref.uri.removeprefix(f"{store.url}/"))
    if isinstance(store, FolderStore):
        path = store.path(key)
        if not _has_bytes(path, ref):
            raise _other_bytes(ref)
        return path
    # With the key's ending: Keras tells formats by it.
    path = default_cache_folder() / "objects" / ref.sha256[:2] / f"{ref.sha256}{Path(key).suffix[:MAX_SUFFIX]}"
    with disk_errors(path=str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            is_there = _has_bytes(path, ref)
            if not is_there:
                path.unlink(missing_ok=True)
                store.get_file(key, path)
                is_there = _has_bytes(path, ref)
            if not is_there:
                path.unlink()
                raise _other_bytes(ref)
            # What was not used for long may be removed.
            os.utime(path)
    return path


def _has_bytes(path: Path, ref: Ref) -> bool:
    return path.is_file() and file_sha256(path) == ref.sha256


def _other_bytes(ref: Ref) -> CorruptObjectError:
    return CorruptObjectError(
        "An object in the store must have the bytes that its reference names.",
        "Run again with refresh to produce it anew.",
        uri=ref.uri,
        sha256=ref.sha256,
    )
