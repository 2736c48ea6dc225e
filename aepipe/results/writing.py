"""Writing of results: their files, a look at them, and what completes them. Nothing is ever overwritten."""

import os
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from aepipe.errors import CorruptObjectError, ParameterError
from aepipe.io.hashing import file_sha256
from aepipe.releases.manifest import release_file
from aepipe.results.destination import Destination
from aepipe.results.flow_runs import make_run_id
from aepipe.results.known import Known, find_known
from aepipe.results.latest import complete_latest, make_latest, read_latest
from aepipe.results.manifest import MANIFEST, ResultsManifest, Use, manifest_bytes, run_prefix
from aepipe.store.interface import Store

# Takes all digests that other results have since the pictures were chosen, and takes them out of the files; None where
# none of them is there, or is any more.
LeaveOut = Callable[[Collection[str]], Use | None]


def write_results(
    destination: Destination,
    use: Use,
    folder: Path,
    before: Known | None = None,
    leave_out: LeaveOut | None = None,
) -> ResultsManifest | None:
    """Write results: all files of a folder, and the manifest after them.

    Killed at any moment it leaves none, or all of them; what it leaves of none harms nobody, and `aepipe clean` removes
    it.

    Args:
        destination: The store, or where the folder goes.
        use: What was done.
        folder: A folder that `working_folder` gave, with the files.
        before: What earlier results had when the pictures were chosen, where only new ones are taken.
        leave_out: Called where others came to some of the pictures meanwhile.

    Returns:
        The manifest; None where others came to all of the pictures meanwhile, and nothing was written.

    Raises:
        ParameterError: two files have one place, or one lies where another needs a folder.
        CorruptObjectError: the store does not hold what was put into it.
        StoreError: the disk or the store does not take it.
    """
    run = make_run_id(use.started, use.flow_run)
    if isinstance(destination, Path):
        manifest = _describe(use, run, folder)
        (folder / MANIFEST).write_bytes(manifest_bytes(manifest))
        os.replace(folder, destination)
        return manifest
    return _write(destination, use, run, folder, before, leave_out)


def _write(
    store: Store, use: Use, run: str, folder: Path, before: Known | None, leave_out: LeaveOut | None
) -> ResultsManifest | None:
    manifest, now = _put_files(store, use, run, folder), before
    while True:
        latest = read_latest(store, use.model, use.kind)
        complete_latest(store, latest)
        if before is not None and now is not None and leave_out is not None:
            now = find_known(store, use.model, use.release, use.kind, now)
            came = now.digests - before.digests
            left = leave_out(came) if came else None
            if left is not None:
                if not left.num_pictures + left.num_unreadable:
                    store.delete_many(info.key for info in store.list(run_prefix(use.model, run)))
                    return None
                manifest = _put_files(store, left, run, folder)
        if make_latest(store, manifest, latest):
            return manifest


def _put_files(store: Store, use: Use, run: str, folder: Path) -> ResultsManifest:
    """Put the files where nobody looks before there is a manifest, and return it."""
    manifest, prefix = _describe(use, run, folder), run_prefix(use.model, run)
    store.put_files({f"{prefix}{file.path}": folder / file.path for file in manifest.files})
    sizes = {info.key.removeprefix(prefix): info.size for info in store.list(prefix)}
    wrong = [file.path for file in manifest.files if sizes.get(file.path) != file.size]
    if wrong:
        raise CorruptObjectError(
            "Results must be in the store as they were written.", "Run again.", key=f"{prefix}{wrong[0]}"
        )
    store.delete_many(f"{prefix}{path}" for path in sizes.keys() - {file.path for file in manifest.files})
    return manifest


def _describe(use: Use, run: str, folder: Path) -> ResultsManifest:
    try:
        return ResultsManifest(
            **use.model_dump(),
            run=run,
            finished=datetime.now(UTC).isoformat(timespec="microseconds"),
            files=[release_file(path, folder / path, file_sha256(folder / path)) for path in _paths(folder)],
        )
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        raise ParameterError(
            "Files of results have names that every store can hold, and none is the folder of another.",
            "Rename the pictures.",
            problem=problem["msg"],
            file=problem["input"] if isinstance(problem["input"], str) else "",
        ) from error


def _paths(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix()
