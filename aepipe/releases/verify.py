"""Verification of a release in the store against its manifest, to the last byte if asked for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aepipe.errors import CorruptObjectError, ObjectNotFoundError
from aepipe.io.hashing import file_sha256
from aepipe.io.temporary import temporary_folder
from aepipe.releases.manifest import UNLISTED, Manifest, ReleaseFile
from aepipe.store.interface import Store

THREADS = 8


@dataclass(frozen=True)
class Fault:
    """What is wrong about one object of a release."""

    key: str
    problem: str


def find_problems(store: Store, manifest: Manifest, full: bool = False) -> list[Fault]:
    """Return what is wrong about a release: missing files, other sizes, other bytes.

    Args:
        store: Where the release is.
        manifest: What it should be.
        full: Read every byte back; otherwise sizes are compared.
    """
    prefix, sizes = _sizes(store, manifest)
    faults = [*_listed_problems(prefix, manifest, sizes)]
    if full:
        there = [file for file in manifest.files if sizes.get(file.path) == file.size]
        with ThreadPoolExecutor(THREADS) as pool:
            found = pool.map(lambda file: _read_problem(store, prefix, file), there)
            faults += [fault for fault in found if fault is not None]
    return sorted(faults, key=lambda fault: fault.key)


def find_foreign(store: Store, manifest: Manifest) -> list[Fault]:
    """Return the files in a release's folder that its manifest does not name.

    They harm no reader: who looks at a folder with a file manager leaves such files.
    """
    prefix, sizes = _sizes(store, manifest)
    named = {*UNLISTED, *(file.path for file in manifest.files)}
    return [Fault(prefix + path, "not in the manifest") for path in sorted(sizes) if path not in named]


def require_intact(store: Store, manifest: Manifest, full: bool = False) -> None:
    """Check a release before anything points at it.

    Raises:
        CorruptObjectError: the store does not hold what was put into it.
    """
    faults = find_problems(store, manifest, full)
    if faults:
        raise CorruptObjectError(
            "A release must be in the store as it was written.",
            "Look at all of it with: aepipe releases verify RELEASE --full.",
            release=manifest.release,
            key=faults[0].key,
            problem=faults[0].problem,
            problems=len(faults),
        )


def _listed_problems(prefix: str, manifest: Manifest, sizes: dict[str, int]) -> Iterator[Fault]:
    for file in manifest.files:
        if file.path not in sizes:
            yield Fault(prefix + file.path, "missing")
        elif sizes[file.path] != file.size:
            yield Fault(prefix + file.path, f"{sizes[file.path]} bytes, not {file.size}")


def _sizes(store: Store, manifest: Manifest) -> tuple[str, dict[str, int]]:
    prefix = f"releases/{manifest.release}/"
    return prefix, {info.key.removeprefix(prefix): info.size for info in store.list(prefix)}


def _read_problem(store: Store, prefix: str, file: ReleaseFile) -> Fault | None:
    with temporary_folder("verify") as folder:
        copy = folder / "copy"
        try:
            store.get_file(prefix + file.path, copy)
        except ObjectNotFoundError:
            return Fault(prefix + file.path, "missing")
        return None if file_sha256(copy) == file.sha256 else Fault(prefix + file.path, "other bytes")
