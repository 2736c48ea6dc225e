"""Objects of the store as local files whose bytes were checked."""

from pathlib import Path

from filelock import FileLock

from aepipe.errors import CorruptObjectError
from aepipe.folders import default_cache_folder
from aepipe.io.hashing import file_sha256
from aepipe.store.folder import FolderStore
from aepipe.store.interface import Store
from aepipe.store.refs import Ref


def local_file(store: Store, ref: Ref) -> Path:
    """Return a local file with exactly the bytes that the reference names; read it, don't write it.

    A folder store's own file is used where it is. Any other object is downloaded once into the cache, by its digest.

    Raises:
        CorruptObjectError: the store holds other bytes.
    """
    key = ref.uri.removeprefix(f"{store.url}/")
    if isinstance(store, FolderStore):
        return _checked(store.path(key), ref)
    # With the key's ending: Keras tells formats by it.
    path = default_cache_folder() / "objects" / ref.sha256[:2] / f"{ref.sha256}{Path(key).suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if not path.exists():
            store.get_file(key, path)
        try:
            return _checked(path, ref)
        except CorruptObjectError:
            path.unlink()
            raise


def _checked(path: Path, ref: Ref) -> Path:
    if not path.exists() or file_sha256(path) != ref.sha256:
        raise CorruptObjectError(
            "An object in the store must have the bytes that its reference names.",
            "Run again with refresh to produce it anew.",
            uri=ref.uri,
            sha256=ref.sha256,
        )
    return path
