"""Preflight of a store, before anything depends on it: a server may accept a condition and ignore it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import ConflictError, ObjectNotFoundError, StoreError, UnknownOutcomeError, UnsafeStoreError
from aepipe.store.interface import Compared, Store


class Preflight(BaseModel):
    """What was measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    can_read_back: bool = Field(description="What is written can be read at once, with the same bytes.")
    creates_once: bool = Field(description="Of several writers that create an object, one succeeds.")
    compares_and_swaps: Compared | Literal["no"] = Field(
        description="What a swap compares: the bytes' digest, or the ETag with or without its quotes; or nothing."
    )
    deletes_in_batch: bool = Field(description="Many objects can be deleted by one request.")

    @property
    def is_safe(self) -> bool:
        """Several publishers can share the store without losing each other's writes."""
        return self.creates_once and self.compares_and_swaps != "no"


def preflight(store: Store) -> Preflight:
    """Write, read back, create, swap and delete a few small objects, and return what the store enforced.

    The objects are under `preflight/` and none of them stays.

    Raises:
        StoreError: the store can't be reached, or refuses one of these outright.
    """
    prefix = f"preflight/{uuid4().hex}/"
    try:
        return _measure(store, prefix)
    except BaseException as error:
        try:
            _remove(store, prefix)
        except StoreError:
            error.add_note(f"Small objects may be left under {prefix} in the store; they can be deleted.")
        raise


def require_safe(found: Preflight, allow_unsafe_pointer: bool) -> None:
    """Check that several publishers can share the store.

    Args:
        found: What `preflight` measured.
        allow_unsafe_pointer: Go on without conditions: the last writer of a channel wins.

    Raises:
        UnsafeStoreError: the store ignores conditions and that was not allowed, or it does not give back what was
            written, which can't be allowed.
    """
    received = found.model_dump(include={"can_read_back", "creates_once", "compares_and_swaps"})
    if not found.can_read_back:
        raise UnsafeStoreError("A store must give back what was written to it.", "Use another store.", **received)
    if found.is_safe or allow_unsafe_pointer:
        return
    ignored = {"create-once": not found.creates_once, "compare-and-swap": found.compares_and_swaps == "no"}
    names = " and ".join(name for name, is_ignored in ignored.items() if is_ignored)
    raise UnsafeStoreError(
        f"A store must enforce conditions; this one ignores {names}, so that publishers overwrite each other.",
        "Use another server, or add --allow-unsafe-pointer where no two publishers ever run at once.",
        **received,
    )


def _measure(store: Store, prefix: str) -> Preflight:
    can_read_back = _reads_back(store, f"{prefix}read-back")
    creates_once = _creates_once(store, f"{prefix}create", f"{prefix}create-at-once")
    swaps = _swaps(store, f"{prefix}swap")
    written = [info.key for info in store.list(prefix)]
    store.delete_many(written)
    # A server may say that it deleted and not do it.
    left = _remove(store, prefix)
    return Preflight(
        can_read_back=can_read_back,
        creates_once=creates_once,
        compares_and_swaps=store.compared if swaps else "no",
        deletes_in_batch=store.deletes_in_batch and not left,
    )


def _reads_back(store: Store, key: str) -> bool:
    data = uuid4().bytes
    store.put(key, data)
    try:
        return store.get(key) == data
    except ObjectNotFoundError:
        return False


def _creates_once(store: Store, key: str, key_of_two: str) -> bool:
    store.create(key, b"first")
    return not _wins(store, key, partial(store.create, key), b"second") and _one_wins(
        store, key_of_two, partial(store.create, key_of_two)
    )


def _swaps(store: Store, key: str) -> bool:
    store.put(key, b"first")
    first = store.get_versioned(key)
    if first is None:
        return False
    store.swap(key, b"second", first.version)
    if _wins(store, key, lambda data: store.swap(key, data, first.version), b"third"):
        return False
    second = store.get_versioned(key)
    return second is not None and _one_wins(store, key, lambda data: store.swap(key, data, second.version))


def _wins(store: Store, key: str, write: Callable[[bytes], None], data: bytes) -> bool:
    """Write where a server must refuse, and tell whether it did not."""
    found = _answer(write, data)
    # A server may answer what it refused with an error: then the bytes tell.
    return _bytes_of(store, key) == data if found is None else found


def _one_wins(store: Store, key: str, write: Callable[[bytes], None]) -> bool:
    """Write from two threads at once, and tell whether at most one was told that it succeeded and has its bytes there.

    The loser may be told anything: some servers answer it with an error that leaves open what became of its write.
    """
    together, both = Barrier(2), (b"left", b"right")

    def answer(data: bytes) -> bool | None:
        together.wait()
        return _answer(write, data)

    with ThreadPoolExecutor(2, thread_name_prefix="aepipe-preflight") as pool:
        won = [data for data, found in zip(both, pool.map(answer, both), strict=True) if found]
    return len(won) <= 1 and _bytes_of(store, key) in (won or both)


def _bytes_of(store: Store, key: str) -> bytes | None:
    found = store.get_versioned(key)
    return None if found is None else found.data


def _answer(write: Callable[[bytes], None], data: bytes) -> bool | None:
    """Write, and return whether that succeeded, or None where the answer is neither yes nor no."""
    try:
        write(data)
    except ConflictError:
        return False
    except UnknownOutcomeError:
        return None
    return True


def _remove(store: Store, prefix: str) -> int:
    left = [info.key for info in store.list(prefix)]
    for key in left:
        store.delete(key)
    return len(left)
