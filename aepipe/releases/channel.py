"""A channel as it is stored: what it names, what it named before, who set it and why."""

import hashlib
import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import CorruptObjectError, ParameterError
from aepipe.io.hashing import canonical_json
from aepipe.store.names import ReleaseId, Sha256, Time, is_channel_name
from aepipe.store.parsing import parse_stored

Action = Literal["published", "promoted", "forced", "rolled back"]
# What becomes of the channel's models that a release to be promoted has none of by the same name.
Missing = Literal["refuse", "keep", "drop"]


class Entry(BaseModel):
    """One setting of a channel: what it names, who set it and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: ReleaseId = Field(description="The release that the channel names.")
    manifest_sha256: Sha256 = Field(description="Digest of that release's manifest.")
    candidate: ReleaseId = Field(description="The release that was judged; another one where others' models were kept.")
    generation: int = Field(description="How often the channel was set, with this time.", ge=1)
    action: Action = Field(description="What was done.")
    why: str = Field(description="The reason.")
    by: str = Field(description="The user, or the flow run.")
    at: Time = Field(description="When, ISO 8601 in UTC.")
    token: str = Field(description="Random; tells a writer its own write after a lost answer.")


class Channel(BaseModel):
    """What a channel names now, and what it named before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    current: Entry = Field(description="What it names now.")
    history: tuple[Entry, ...] = Field((), description="What it named before, the latest first; the last 500.")
    sha256: Sha256 | None = Field(None, description="Digest of the rest; None where an older version wrote it.")

    @property
    def release(self) -> str:
        """The release that the channel names."""
        return self.current.release

    @property
    def previous(self) -> Entry | None:
        """What a rollback leads to: what the channel named before its current release was first set."""
        return next((entry for entry in self.history if entry.generation < self._since()), None)

    @property
    def named(self) -> tuple[Entry, ...]:
        """What it names, and what it would name after a rollback."""
        return (self.current,) if self.previous is None else (self.current, self.previous)

    def has_had(self, candidate: str) -> bool:
        """Tell whether what came of a candidate is or was in the channel."""
        return any(entry.candidate == candidate for entry in (self.current, *self.history))

    def _since(self) -> int:
        return min(entry.generation for entry in (self.current, *self.history) if entry.release == self.release)


def check_channel(name: str) -> str:
    """Return the name if a channel can have it.

    Raises:
        ParameterError: it is not made of lower-case letters, digits and hyphens, or too long.
    """
    if not is_channel_name(name):
        raise ParameterError("A channel's name has up to 64 lower-case letters, digits and hyphens.", channel=name)
    return name


def channel_bytes(channel: Channel) -> bytes:
    """Return a channel as it is stored: with a digest of itself, as nothing else vouches for its bytes."""
    content = channel.model_dump(mode="json", exclude={"sha256"})
    return canonical_json({**content, "sha256": hashlib.sha256(canonical_json(content)).hexdigest()})


def channel_key(channel: str) -> str:
    """Return the key under which a channel lies."""
    return f"channels/{check_channel(channel)}.json"


def parse_channel(data: bytes, name: str) -> Channel:
    """Return a channel from what is stored of it.

    Raises:
        CorruptObjectError: it is not what was written.
        NewerObjectError: a newer aepipe wrote it.
    """
    key, way_out = channel_key(name), f"Restore it, or remove it: aepipe releases remove-channel {name} --why TEXT."
    channel = parse_stored(data, Channel, key, way_out)
    if channel.sha256 is not None and not _has_digest(data, channel.sha256):
        raise CorruptObjectError("A channel must have the digest that it names.", way_out, key=key)
    return channel


def _has_digest(data: bytes, sha256: str) -> bool:
    # Of what is stored, so that fields of a newer version count as well.
    content = {name: value for name, value in json.loads(data).items() if name != "sha256"}
    return hashlib.sha256(canonical_json(content)).hexdigest() == sha256
