"""A write that must not overwrite another, on servers that spell conditions differently and over lines that break."""

from collections.abc import Callable, Mapping
from typing import Literal

from aepipe.errors import ConflictError, ObjectNotFoundError, StoreError, TransientStoreError, UnknownOutcomeError
from aepipe.io.s3_errors import may_be_written, retrying
from aepipe.store.interface import Versioned

ETagSpelling = Literal["quoted", "bare"]
Read = Callable[[], Versioned | None]


def swap(
    put: Callable[[Mapping[str, str]], None],
    read: Read,
    data: bytes,
    version: str | None,
    compared: ETagSpelling,
    deadline_seconds: float,
    **received: object,
) -> ETagSpelling:
    """Write an object if it still has this version (None: if it does not exist).

    Args:
        put: Writes the bytes under a condition, in one try.
        read: Reads the object.
        data: The bytes.
        version: The ETag that was read, with its quotes.
        compared: The spelling of an ETag to begin with.
        deadline_seconds: After this long no failed try is repeated.
        **received: What an error says about the object.

    Returns:
        The spelling that the server compares, as far as it is known now.

    Raises:
        ConflictError: somebody else wrote first; nothing was overwritten.
        UnknownOutcomeError: the answer was lost, and the object has changed once more or can't be read.
    """
    was_maybe_written, is_bare = False, compared == "bare"
    for attempt in retrying(deadline_seconds):
        with attempt:
            try:
                put(_condition(version, is_bare))
                if version is not None:
                    compared = "bare" if is_bare else "quoted"
                break
            except (ConflictError, ObjectNotFoundError, TransientStoreError) as error:
                was_maybe_written |= may_be_written(error)
                # Ceph up to 16 compares the bare ETag, other servers the quoted one: a refusal without a rival
                # means the other spelling.
                is_bare ^= isinstance(error, ConflictError)
                if _settle(read, data, version, was_maybe_written, error, received):
                    break
    return compared


def _condition(version: str | None, is_bare: bool) -> Mapping[str, str]:
    if version is None:
        return {"IfNoneMatch": "*"}
    return {"IfMatch": version.strip('"') if is_bare else version}


def _settle(
    read: Read,
    data: bytes,
    version: str | None,
    was_maybe_written: bool,
    error: StoreError,
    received: Mapping[str, object],
) -> bool:
    """After a conditional write that failed: tell whether it was written after all, or raise what became of it."""
    try:
        found = read()
    except StoreError as unreadable:
        if not was_maybe_written:
            raise
        way_out = "Run again once the server answers; nothing was deleted."
        raise UnknownOutcomeError("A write must be answered or readable.", way_out, **received) from unreadable
    if was_maybe_written and found is not None and found.data == data:
        return True
    if (None if found is None else found.version) == version:
        raise TransientStoreError("The server refused a write that had no rival.", "Run again.", **received) from error
    if was_maybe_written and version is not None:
        way_out = "Look whether the object has this write in it, then run again."
        raise UnknownOutcomeError("A write must be answered or readable.", way_out, **received) from error
    raise ConflictError(
        "Somebody else wrote this object first; it was left as it is.", "Read it again.", **received
    ) from error
