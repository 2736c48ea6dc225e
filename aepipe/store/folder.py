"""The store in a folder: what a laptop, a test, or workers with a common disk use."""

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

from aepipe.errors import ConflictError, ObjectNotFoundError, StoreError
from aepipe.io.disk import UNFINISHED, disk_errors, empty_folders, make_folder, open_regular, sync_folder, written_file
from aepipe.store.interface import ObjectInfo, Versioned, check_key

WORK_FOLDER = ".tmp"
LEFT_OVER_SECONDS = 24 * 3600
NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
NO_SUCH_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)

Commit = Callable[[Path, Path], None]


class FolderStore:
    """Objects as files under a folder, the key as the path.

    Bytes are written beside the objects and moved into place under a lock of the folder, so that writers in other
    threads, processes and machines see each other's objects whole.
    """

    compared: Literal["digest"] = "digest"
    deletes_in_batch = False

    def __init__(self, root: Path):
        self.root = Path(os.path.abspath(root))
        self.url = self.root.as_uri()
        self._work_folder = self.root / WORK_FOLDER
        self._is_swept = False

    def path(self, key: str) -> Path:
        """Return the file that holds an object, whether it is there or not; read it, don't write it."""
        if check_key(key).split("/")[0] == WORK_FOLDER:
            raise StoreError(f"What is under {WORK_FOLDER} is the store's own.", "Choose another key.", key=key)
        return self.root / key

    def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing what is there."""
        self._write(key, lambda file: file.write(data), os.replace)

    def put_file(self, key: str, path: Path) -> None:
        """Write an object from a file, replacing what is there."""
        with open(path, "rb") as source:
            self._write(key, partial(shutil.copyfileobj, source), os.replace)

    def put_files(self, files: Mapping[str, Path], on_file: Callable[[str], object] | None = None) -> None:
        """Write several files, key to path; one after another, as the disk is the limit."""
        for key in files:
            check_key(key)
        for key, path in files.items():
            self.put_file(key, path)
            if on_file is not None:
                on_file(key)

    def create(self, key: str, data: bytes) -> None:
        """Write an object that must not exist. The same bytes already there count as success.

        Raises:
            ConflictError: other bytes are there; they stay.
        """
        try:
            self.swap(key, data, None)
        except ConflictError:
            if self.get(key) != data:
                raise

    def get(self, key: str) -> bytes:
        """Read an object. Raises `ObjectNotFoundError` where there is none."""
        found = self.get_versioned(key)
        if found is None:
            raise self._not_found(key)
        return found.data

    def get_file(self, key: str, path: Path) -> None:
        """Read an object into a file, atomically: `path` appears whole or not at all."""
        with disk_errors(url=self.url, key=key, path=str(path)):
            try:
                source = open_regular(self.path(key))
            except NO_SUCH_FILE:
                raise self._not_found(key) from None
            with source, written_file(Path(path).parent, partial(shutil.copyfileobj, source)) as written:
                os.replace(written, path)

    def get_versioned(self, key: str) -> Versioned | None:
        """Read an object for a later `swap`; None where there is none. The version is the bytes' sha256."""
        with disk_errors(url=self.url, key=key):
            try:
                with open_regular(self.path(key)) as file:
                    data = file.read()
            except NO_SUCH_FILE:
                return None
        return Versioned(data, hashlib.sha256(data).hexdigest())

    def swap(self, key: str, data: bytes, version: str | None) -> None:
        """Replace an object if it still has this version (None: if it does not exist).

        Raises:
            ConflictError: somebody else wrote first; nothing was overwritten.
        """

        def replace(written: Path, target: Path) -> None:
            found = self.get_versioned(key)
            if found is None or found.version != version:
                raise self._conflict(key)
            os.replace(written, target)

        self._write(key, lambda file: file.write(data), self._link if version is None else replace)

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under exactly this key."""
        return self.path(key).is_file()

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose key starts with `prefix`, sorted by key."""
        yield from sorted(self._walk(prefix), key=lambda info: info.key)

    def names(self, prefix: str) -> Iterator[str]:
        """What keys go on with after `prefix`, up to the next slash and with it, each once, sorted."""
        folder, found = self.path(prefix.removesuffix("/")) if prefix else self.root, []
        with disk_errors(url=self.url, prefix=prefix), suppress(*NO_SUCH_FILE):
            for path in folder.iterdir():
                if path.is_file():
                    found.append(path.name)
                # A folder without an object is no part of a key.
                elif path != self._work_folder and any(self._walk(f"{prefix}{path.name}/")):
                    found.append(f"{path.name}/")
        yield from sorted(found)

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there counts as removed. Folders left empty go with it."""
        path = self.path(key)
        if not path.is_file():
            return
        with disk_errors(url=self.url, key=key), self._lock():
            path.unlink(missing_ok=True)
            for folder in path.parents[: key.count("/")]:
                if any(folder.iterdir()):
                    break
                folder.rmdir()
            sync_folder(next(parent for parent in path.parents if parent.exists()))

    def delete_many(self, keys: Iterable[str]) -> None:
        """Remove objects, one by one; those that are not there count as removed."""
        for key in [check_key(key) for key in keys]:
            self.delete(key)

    def clock(self) -> float:
        """Return the time by which the disk dates files: of a shared disk it is another machine's."""
        folder = self._work_folder if self._work_folder.is_dir() else self.root
        # Where this user can't write, there is no other clock than the machine's.
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            return time.time()
        with disk_errors(url=self.url):
            make_folder(self._work_folder)
            with written_file(self._work_folder, lambda file: None) as probe:
                return probe.stat().st_mtime

    def abort_stale_uploads(self, older_than_seconds: float) -> int:
        """Remove unfinished files and empty folders that killed processes left, and return how many files.

        A younger one may be being written.
        """
        removed = self._remove_unfinished(older_than_seconds)
        with disk_errors(url=self.url):
            latest = self.clock() - older_than_seconds
            # All are found first: removing one makes the one around it look young.
            for folder in list(empty_folders(self.root, self._work_folder, latest)):
                with self._lock(), suppress(FileNotFoundError):
                    if not any(folder.iterdir()):
                        folder.rmdir()
        return removed

    def _remove_unfinished(self, older_than_seconds: float) -> int:
        removed = 0
        with disk_errors(url=self.url):
            paths = list(self._work_folder.glob(f"*{UNFINISHED}"))
            latest = self.clock() - older_than_seconds if paths else 0
            for path in paths:
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime <= latest:
                        path.unlink()
                        removed += 1
        return removed

    def _write(self, key: str, write: Callable[[BinaryIO], object], commit: Commit) -> None:
        target = self.path(key)
        with disk_errors(url=self.url, key=key):
            self._sweep()
            with written_file(self._work_folder, write) as written, self._lock():
                try:
                    make_folder(target.parent)
                    if target.is_dir():
                        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
                    commit(written, target)
                except (FileExistsError, NotADirectoryError, IsADirectoryError):
                    raise StoreError(
                        "No key is the parent of another key.", "Choose another key.", url=self.url, key=key
                    ) from None
                sync_folder(target.parent)

    def _link(self, written: Path, target: Path) -> None:
        """Give a written file its name if that is free; a link holds even where the disk ignores locks."""
        try:
            os.link(written, target)
        except FileExistsError:
            raise self._conflict(target.relative_to(self.root).as_posix()) from None
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            if target.exists():
                raise self._conflict(target.relative_to(self.root).as_posix()) from None
            os.replace(written, target)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        # A store that was copied from a backup may have no such folder.
        make_folder(self._work_folder)
        # Open for reading is enough to lock, so a file that another user made serves as well.
        descriptor = os.open(self._work_folder / "swap.lock", os.O_RDONLY | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _sweep(self) -> None:
        make_folder(self._work_folder)
        if not self._is_swept:
            self._remove_unfinished(LEFT_OVER_SECONDS)
            self._is_swept = True

    def _walk(self, prefix: str) -> Iterator[ObjectInfo]:
        folder = prefix.rpartition("/")[0]
        start = self.path(folder) if folder else self.root
        with disk_errors(url=self.url, prefix=prefix):
            for parent, folders, names in os.walk(start, onerror=_raise_unless_gone):
                if Path(parent) == self.root and WORK_FOLDER in folders:
                    folders.remove(WORK_FOLDER)
                for name in names:
                    path = Path(parent, name)
                    key = path.relative_to(self.root).as_posix()
                    # Links that lead nowhere, pipes and devices are no objects.
                    if key.startswith(prefix) and path.is_file():
                        with suppress(FileNotFoundError):
                            found = path.stat()
                            yield ObjectInfo(key, found.st_size, found.st_mtime)

    def _not_found(self, key: str) -> ObjectNotFoundError:
        return ObjectNotFoundError("The store must hold an object under this key.", url=self.url, key=key)

    def _conflict(self, key: str) -> ConflictError:
        return ConflictError(
            "Somebody else wrote this object first; it was left as it is.", "Read it again.", url=self.url, key=key
        )


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, NO_SUCH_FILE):
        raise error
