"""A release, or some models of it, as local files whose bytes were checked."""

import os
import shutil
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from aepipe.errors import CorruptObjectError, ParameterError
from aepipe.io.disk import disk_errors
from aepipe.releases.manifest import SIGNATURES, Manifest, ReleaseFile, get_manifest_bytes
from aepipe.releases.signatures import require_trusted
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file
from aepipe.store.refs import Ref


def download(
    store: Store,
    manifest: Manifest,
    folder: Path,
    models: Collection[str] = (),
    on_file: Callable[[str], None] | None = None,
) -> Path:
    """Copy a release into a folder that does not exist yet; it appears whole or not at all.

    Args:
        store: Where the release is.
        manifest: The release.
        folder: Where its files go, under their paths in the release, with the manifest
            and its signatures.
        models: Only these, as the manifest calls them, and what belongs to the whole; all where empty.
        on_file: Called with the path of each file that was copied.

    Raises:
        ParameterError: the folder is there, or the release has no such model.
        CorruptObjectError: a file's bytes are not those that the manifest names.
        UntrustedReleaseError: no trusted key signed the release.
    """
    unknown = [model for model in models if model not in manifest.recipes]
    if unknown:
        raise ParameterError(f"The release has {', '.join(manifest.recipes)}.", models=unknown)
    if folder.exists():
        raise ParameterError("A download goes into a folder of its own.", "Name one that is not there.", to=str(folder))
    require_trusted(store, manifest)
    stored = {"manifest.json": get_manifest_bytes(store, manifest.release)}
    signatures = store.get_versioned(f"releases/{manifest.release}/{SIGNATURES}")
    if signatures is not None:
        stored[SIGNATURES] = signatures.data
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as name:
        part = Path(name).resolve() / "release"
        part.mkdir()
        with disk_errors(to=str(folder)):
            for file in manifest.files:
                if _is_wanted(file, manifest, models):
                    _copy(store, manifest.release, file, _inside(part, file.path))
                    if on_file is not None:
                        on_file(file.path)
            for path, data in stored.items():
                (part / path).write_bytes(data)
            os.replace(part, folder)
    return folder


def _inside(folder: Path, path: str) -> Path:
    # The manifest's paths were checked when it was read; a file outside would be another's to decide.
    target = (folder / path).resolve()
    if not target.is_relative_to(folder):
        raise CorruptObjectError("A release's files lie in its folder.", "Don't trust who published it.", path=path)
    return target


def _is_wanted(file: ReleaseFile, manifest: Manifest, models: Collection[str]) -> bool:
    if not models:
        return True
    if file.path in {summary.index for summary in manifest.recipes.values()}:
        return file.path in {manifest.recipes[model].index for model in models}
    return not file.path.startswith("models/") or file.path.split("/")[1] in models


def _copy(store: Store, release: str, file: ReleaseFile, target: Path) -> None:
    uri = f"{store.url}/releases/{release}/{file.path}"
    source = local_file(store, Ref(uri=uri, sha256=file.sha256, size=file.size, kind="document"))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
