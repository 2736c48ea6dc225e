"""Files of a published model on this machine, with the bytes that its release names."""

from collections.abc import Iterable
from pathlib import Path

from aepipe.errors import CorruptObjectError, ObjectNotFoundError
from aepipe.recipes.published import PublishedModel
from aepipe.releases.manifest import ReleaseFile
from aepipe.store import Store
from aepipe.store.local_files import local_file
from aepipe.store.refs import Ref


def local_files(
    store: Store, model: PublishedModel, names: Iterable[str], way_out: str = "Publish it again."
) -> dict[str, Path]:
    """Return some of a model's files, by name.

    Args:
        store: Where the release is.
        model: The model.
        names: The files' names in the model's folder.
        way_out: What to do where the release has not all of them.

    Raises:
        ObjectNotFoundError: the release was made without one of them.
        CorruptObjectError: a file is gone, or has other bytes than the manifest says.
    """
    names, files = list(names), {file.path: file for file in model.files}
    missing = [name for name in names if model.path(name) not in files]
    if missing:
        raise ObjectNotFoundError(
            f"A published model comes with {', '.join(names)}.",
            way_out,
            model=model.name,
            release=model.manifest.release,
            missing=missing,
        )
    return {name: _local_path(store, model.manifest.release, files[model.path(name)]) for name in names}


def _local_path(store: Store, release: str, file: ReleaseFile) -> Path:
    uri = f"{store.url}/releases/{release}/{file.path}"
    kind = "model" if file.path.endswith(".keras") else "document"
    try:
        return local_file(store, Ref(uri=uri, sha256=file.sha256, size=file.size, kind=kind))
    except (CorruptObjectError, ObjectNotFoundError) as error:
        raise CorruptObjectError(
            "A release's files are there, with the bytes that its manifest names.",
            f"See what is broken with: aepipe releases verify {release} --full --store {store.url}",
            uri=uri,
            sha256=file.sha256,
        ) from error
