"""The folder of downloaded files. Only files whose arrays were checked get into it, and each use checks them again."""

import hashlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from aepipe.datasets.download import Patience, download
from aepipe.datasets.sources import MIRROR_VARIABLE, Source, list_sources
from aepipe.datasets.spec import DataSetSpec, FileCheck, RemoteFile, check_arrays
from aepipe.errors import DataError
from aepipe.io.folders import default_cache_folder
from aepipe.io.hashing import file_sha256

logger = logging.getLogger(__name__)


def data_set_folder(spec: DataSetSpec, cache_folder: Path | None) -> Path:
    """Return the folder in the cache for one data set's files."""
    return (cache_folder or default_cache_folder()) / "datasets" / spec.name


def fetch_arrays(
    spec: DataSetSpec, cache_folder: Path | None = None, progress: bool = True, patience: Patience | None = None
) -> dict[str, np.ndarray]:
    """Return the checked arrays of a data set; files that are not in the cache, or broken there, are downloaded.

    Args:
        spec: The data set.
        cache_folder: The cache; None for the default one.
        progress: Show a bar where standard error is a terminal.
        patience: How a broken download is retried; None for the usual way.

    Raises:
        DataError: no source has a file as it should be, or the cache can't be written.
    """
    folder = data_set_folder(spec, cache_folder)
    arrays: dict[str, np.ndarray] = {}
    for file in spec.files:
        arrays |= _fetch_file(spec.name, file, folder, progress, patience or Patience())
    return arrays


def check_files(spec: DataSetSpec, cache_folder: Path | None = None) -> list[FileCheck]:
    """Return what is in the cache for each file of a data set. Nothing is downloaded, removed or raised."""
    folder = data_set_folder(spec, cache_folder)
    return [_check_file(file, folder / file.name) for file in spec.files]


def _check_file(file: RemoteFile, path: Path) -> FileCheck:
    if not path.is_file():
        return FileCheck(path, "missing", "It is not in the cache.")
    try:
        size, digest = path.stat().st_size, file_sha256(path)
        _decode_checked(file, path)
    except OSError as error:
        return FileCheck(path, "broken", str(error))
    except DataError as error:
        return FileCheck(path, "broken", str(error), size, digest)
    return FileCheck(path, "ok", "", size, digest)


def _fetch_file(
    data_set: str, file: RemoteFile, folder: Path, progress: bool, patience: Patience
) -> Mapping[str, np.ndarray]:
    from filelock import FileLock

    path = folder / file.name
    try:
        arrays, _ = _read_cached(file, path)
        if arrays is not None:
            return arrays
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            # Another process may have fetched it in the meantime.
            arrays, reason = _read_cached(file, path)
            if reason:
                logger.warning("%s is removed and fetched again: %s", path, reason)
                path.unlink()
            return arrays if arrays is not None else _download_checked(data_set, file, path, progress, patience)
    except OSError as error:
        raise DataError(
            "The cache must be a folder with room that can be written.",
            "Set AEPIPE_CACHE to another one.",
            folder=str(folder),
            error=str(error),
        ) from error


def _read_cached(file: RemoteFile, path: Path) -> tuple[Mapping[str, np.ndarray] | None, str]:
    """Return a cached file's arrays, or None and why it is broken; the reason is empty where there is no file."""
    if not path.exists():
        return None, ""
    try:
        return _decode_checked(file, path), ""
    except DataError as error:
        return None, str(error)


def _download_checked(
    data_set: str, file: RemoteFile, path: Path, progress: bool, patience: Patience
) -> Mapping[str, np.ndarray]:
    """Return the arrays of a file from the first source that has it as it should be."""
    failures = []
    for source in list_sources(data_set, file.name, file.urls):
        try:
            return _take_from(source, file, path, progress, patience)
        except DataError as error:
            logger.warning("%s: %s", source.label, error)
            failures.append(f"{source.label}: {error}")
    raise DataError(
        f"{data_set}/{file.name} could not be fetched. {' | '.join(failures) or 'It has no public address.'}",
        f"Set {MIRROR_VARIABLE} to a folder, http(s):// or s3:// URL that holds {data_set}/{file.name}.",
    )


def _take_from(
    source: Source, file: RemoteFile, path: Path, progress: bool, patience: Patience
) -> Mapping[str, np.ndarray]:
    """Download from one source, check, and only then give the file its name."""
    # A part goes on only with bytes from the same address: another one may have packed the file differently.
    part = path.with_name(f"{path.name}.{hashlib.sha256(source.url.encode()).hexdigest()[:8]}.part")
    is_resumed = download(source, part, file.max_bytes, patience, progress)
    try:
        arrays = _decode_downloaded(source, file, part)
    except DataError:
        if not is_resumed:
            raise
        logger.warning("%s: wrong after a resumed download, so it starts from zero", source.label)
        download(source, part, file.max_bytes, patience, progress)
        arrays = _decode_downloaded(source, file, part)
    os.replace(part, path)
    for leftover in path.parent.glob(f"{path.name}.*.part"):
        leftover.unlink()
    return arrays


def _decode_downloaded(source: Source, file: RemoteFile, part: Path) -> Mapping[str, np.ndarray]:
    try:
        digest = file_sha256(part)
        if source.is_published and file.sha256 not in (None, digest):
            raise DataError(f"The published file has sha256 {file.sha256}.", sha256=digest)
        return _decode_checked(file, part)
    except DataError:
        part.unlink()
        raise


def _decode_checked(file: RemoteFile, path: Path) -> Mapping[str, np.ndarray]:
    arrays = file.decode(path)
    check_arrays(arrays, file.arrays)
    return arrays
