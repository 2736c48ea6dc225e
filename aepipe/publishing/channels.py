"""Channels: the names under which readers find a release, moved by compare-and-swap and never without a record."""

import getpass
import random
import time
import uuid
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import ConflictError, ParameterError, UnknownOutcomeError
from aepipe.publishing.absent import absent_channel
from aepipe.store.fingerprint import canonical_json
from aepipe.store.interface import Store, Versioned

CANDIDATE, PRODUCTION, DEMONSTRATION = "candidate", "production", "demonstration"
Action = Literal["published", "promoted", "forced", "rolled back"]
ATTEMPTS = 20
LONGEST_WAIT_SECONDS = 0.5
KEPT_ENTRIES = 500


class Entry(BaseModel):
    """One setting of a channel: what it names, who set it and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str = Field(description="The release that the channel names.")
    manifest_sha256: str = Field(description="Digest of that release's manifest.")
    candidate: str = Field(description="The release that was judged; another one where others' models were kept.")
    generation: int = Field(description="How often the channel was set, with this time.", ge=1)
    action: Action = Field(description="What was done.")
    why: str = Field(description="The reason.")
    by: str = Field(description="The user, or the flow run.")
    at: str = Field(description="When, ISO 8601 in UTC.")
    token: str = Field(description="Random; tells a writer its own write after a lost answer.")


class Channel(BaseModel):
    """What a channel names now, and what it named before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    current: Entry = Field(description="What it names now.")
    history: tuple[Entry, ...] = Field((), description="What it named before, the latest first; the last 500.")

    @property
    def release(self) -> str:
        """The release that the channel names."""
        return self.current.release

    @property
    def previous(self) -> Entry | None:
        """What a rollback leads to: what the channel named before its current release was first set."""
        return next((entry for entry in self.history if entry.generation < self._since()), None)

    def has_had(self, candidate: str) -> bool:
        """Tell whether what came of a candidate is or was in the channel."""
        return any(entry.candidate == candidate for entry in (self.current, *self.history))

    def _since(self) -> int:
        return min(entry.generation for entry in (self.current, *self.history) if entry.release == self.release)


def check_channel(name: str) -> str:
    """Return the name if a channel can have it.

    Raises:
        ParameterError: it is not made of lower-case letters, digits and hyphens.
    """
    if not name or not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise ParameterError("A channel's name has lower-case letters, digits and hyphens.", channel=name)
    return name


def read_channel(store: Store, channel: str) -> Channel | None:
    """Return what a channel points at, or None before it was first set."""
    found = store.get_versioned(_key(channel))
    return None if found is None else _parsed(found)


def list_channels(store: Store) -> dict[str, Channel]:
    """Return all channels by name."""
    names = [info.key.removeprefix("channels/").removesuffix(".json") for info in store.list("channels/")]
    found = {name: read_channel(store, name) for name in names}
    return {name: channel for name, channel in found.items() if channel is not None}


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
    token = uuid.uuid4().hex
    for attempt in range(ATTEMPTS):
        found = store.get_versioned(_key(channel))
        old = None if found is None else _parsed(found)
        entries = () if old is None else (old.current, *old.history)
        # A write whose answer was lost may have taken effect, and others may have written since.
        if any(entry.token == token for entry in entries) or (old and old.release == release):
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
            by=by or getpass.getuser(),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            token=token,
        )
        try:
            return _swap(store, channel, Channel(current=current, history=entries[:KEPT_ENTRIES]), found)
        except (ConflictError, UnknownOutcomeError) as error:
            if attempt == ATTEMPTS - 1:
                raise
            if isinstance(error, ConflictError):
                time.sleep(random.uniform(0, LONGEST_WAIT_SECONDS * (attempt + 1) / ATTEMPTS))
    raise AssertionError("the last attempt returns or raises")


def _swap(store: Store, channel: str, new: Channel, found: Versioned | None) -> Channel:
    data = canonical_json(new.model_dump(mode="json"))
    store.swap(_key(channel), data, None if found is None else found.version)
    # Where the server does not enforce the condition, a rival's write may have replaced this one.
    written = read_channel(store, channel)
    if written is None or all(e.token != new.current.token for e in (written.current, *written.history)):
        raise ConflictError("Somebody else set the channel at the same time.", "Run again.", channel=channel)
    return written


def _key(channel: str) -> str:
    return f"channels/{check_channel(channel)}.json"


def _parsed(found: Versioned) -> Channel:
    return Channel.model_validate_json(found.data)


def _generation(channel: Channel | None) -> int:
    return 0 if channel is None else channel.current.generation


def named_releases(store: Store) -> dict[str, list[str]]:
    """Return release to the channels that name it now, or would by a rollback."""
    names: dict[str, list[str]] = {}
    for name, channel in list_channels(store).items():
        for entry in (channel.current, channel.previous):
            if entry is not None:
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
