"""Channels: the names under which readers find a release, moved by compare-and-swap and never without a record."""

import getpass
import logging
import os
import random
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from aepipe.errors import (
    ConflictError,
    CorruptObjectError,
    NewerObjectError,
    StoreError,
    UnknownOutcomeError,
    printable,
)
from aepipe.releases.absent import absent_channel
from aepipe.releases.channel import Action, Channel, Entry, channel_bytes, channel_key, parse_channel
from aepipe.store.interface import Store, Versioned
from aepipe.store.names import is_channel_name

CANDIDATE, PRODUCTION, DEMONSTRATION = "candidate", "production", "demonstration"
USUAL = (CANDIDATE, PRODUCTION, DEMONSTRATION)
DEADLINE_SECONDS = 60.0
FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS = 0.05, 2.0
KEPT_ENTRIES = 500
logger = logging.getLogger(__name__)


def read_channel(store: Store, channel: str) -> Channel | None:
    """Return what a channel points at, or None before it was first set.

    Raises:
        CorruptObjectError: what is stored is not what was written.
        NewerObjectError: a newer aepipe wrote it.
    """
    found = store.get_versioned(channel_key(channel))
    return None if found is None else parse_channel(found.data, channel)


def list_channels(store: Store) -> dict[str, Channel]:
    """Return all channels by name; one that can't be read, or is none, is named in a warning."""
    found = survey_channels(store)
    for name, error in found.damaged.items():
        logger.warning("Channel %s is passed over: %s", name, error)
    for key in found.foreign:
        logger.warning("%s is passed over: it is no channel.", printable(key))
    return found.channels


@dataclass(frozen=True)
class FoundChannels:
    """What lies under channels/.

    Attributes:
        channels: The channels by name.
        damaged: Why others can't be read, by name.
        foreign: Keys of what somebody else put there.
    """

    channels: dict[str, Channel]
    damaged: Mapping[str, StoreError]
    foreign: Sequence[str]


def survey_channels(store: Store) -> FoundChannels:
    """Return what lies under channels/, whatever that is."""
    channels, damaged, foreign = {}, {}, []
    for key in [info.key for info in store.list("channels/")]:
        name = key.removeprefix("channels/").removesuffix(".json")
        if not is_channel_name(name) or key != channel_key(name):
            foreign.append(key)
            continue
        try:
            channel = read_channel(store, name)
        except (CorruptObjectError, NewerObjectError) as error:
            damaged[name] = error
            continue
        if channel is not None:
            channels[name] = channel
    return FoundChannels(channels, damaged, foreign)


def point_channel(
    store: Store,
    channel: str,
    release: str,
    manifest_sha256: str,
    *,
    action: Action,
    why: str,
    by: str | None = None,
    candidate: str | None = None,
    expected: Channel | Literal["any"] | None = "any",
) -> Channel:
    """Let a channel name a release; concurrent writers all end in its history.

    Args:
        store: Where the channel is.
        channel: Its name.
        release: The release that it shall name.
        manifest_sha256: Digest of that release's manifest.
        action: What is done, for the record.
        why: The reason, for the record.
        by: Who does it; the user by default.
        candidate: The release that was judged, where it is another one.
        expected: What the decision was made on: the channel must still be as it was read.

    Raises:
        ConflictError: the channel is not as expected any more, or others kept moving it; nothing was lost.
        UnknownOutcomeError: the answer was lost and the channel can't be read.
    """
    token, deadline = uuid.uuid4().hex, time.monotonic() + DEADLINE_SECONDS
    for wait_seconds in _waits():
        found = store.get_versioned(channel_key(channel))
        old = None if found is None else parse_channel(found.data, channel)
        entries = () if old is None else (old.current, *old.history)
        # A write whose answer was lost may have taken effect, and others may have written since.
        if old is not None and (old.release == release or any(entry.token == token for entry in entries)):
            return old
        if expected != "any" and _generation(expected) != _generation(old):
            raise ConflictError(
                "The channel must be as it was when this was decided.",
                "Look at it, then decide again.",
                channel=channel,
                generation=_generation(old),
                expected=_generation(expected),
            )
        current = Entry(
            release=release,
            manifest_sha256=manifest_sha256,
            candidate=candidate or release,
            generation=_generation(old) + 1,
            action=action,
            why=why,
            by=by or user_name(),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            token=token,
        )
        try:
            return _swap(store, channel, Channel(current=current, history=entries[:KEPT_ENTRIES]), found)
        except (ConflictError, UnknownOutcomeError):
            if time.monotonic() + wait_seconds > deadline:
                raise
            time.sleep(wait_seconds)
    raise AssertionError("the waits never end")


def _waits() -> Iterator[float]:
    """Yield how long to wait after each try, in seconds: longer each time, and never as long as a rival."""
    longest = FIRST_WAIT_SECONDS
    while True:
        yield random.uniform(0, longest)
        longest = min(2 * longest, MAX_WAIT_SECONDS)


def _swap(store: Store, channel: str, new: Channel, found: Versioned | None) -> Channel:
    store.swap(channel_key(channel), channel_bytes(new), None if found is None else found.version)
    # Where the server does not enforce the condition, a rival's write may have replaced this one.
    written = read_channel(store, channel)
    if written is None or all(e.token != new.current.token for e in (written.current, *written.history)):
        raise ConflictError("Somebody else set the channel at the same time.", "Run again.", channel=channel)
    return written


def user_name() -> str:
    """Return the user's name, or the number where the machine knows none, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}"


def _generation(channel: Channel | None) -> int:
    return 0 if channel is None else channel.current.generation


def named_releases(store: Store) -> dict[str, list[str]]:
    """Return release to the channels that name it now, or would by a rollback.

    Raises:
        CorruptObjectError, NewerObjectError: a channel can't be read; nobody knows what it names.
    """
    found = survey_channels(store)
    for error in found.damaged.values():
        raise error
    names: dict[str, list[str]] = {}
    for name, channel in found.channels.items():
        for entry in channel.named:
            names.setdefault(entry.release, []).append(name)
    return names


def require_channel(store: Store, channel: str) -> Channel:
    """Return a channel that must exist.

    Raises:
        ObjectNotFoundError: it was never set.
    """
    found = read_channel(store, channel)
    if found is None:
        stand_in = DEMONSTRATION if channel == PRODUCTION else None
        raise absent_channel(store, channel, list_channels(store), stand_in)
    return found
