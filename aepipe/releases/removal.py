"""Channels that go: one that nobody needs any more, and one that was set to a release that was pruned meanwhile."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

from aepipe.errors import ConflictError, ObjectNotFoundError, ParameterError
from aepipe.releases.channel import Channel, channel_key, parse_channel
from aepipe.releases.channels import PRODUCTION, list_channels, point_channel, user_name
from aepipe.store.interface import Store

PRUNED_MEANWHILE = "The release was pruned while it was promoted."


def remove_channel(store: Store, channel: str, why: str, by: str | None = None, force: bool = False) -> str:
    """Remove a channel, also one that can't be read; what it held is kept, with the reason.

    Args:
        store: Where the channel is.
        channel: Its name.
        why: The reason, for the record.
        by: Who does it; the user by default.
        force: Also production, which readers rely on.

    Returns:
        The key of the record.

    Raises:
        ParameterError: there is no reason, or it is production.
        ObjectNotFoundError: there is no such channel.
        ConflictError: somebody moved it meanwhile; it stays.
    """
    if not why.strip():
        raise ParameterError("A removal needs a reason, for the record.", "Give one: --why TEXT.", why=why)
    if channel == PRODUCTION and not force:
        raise ParameterError("Readers rely on production.", "To remove it all the same add --force.", channel=channel)
    found = store.get_versioned(channel_key(channel))
    if found is None:
        known = ", ".join(list_channels(store)) or "none"
        raise ObjectNotFoundError("Only a channel that is there can be removed.", channel=channel, known=known)
    now = datetime.now(UTC)
    record = {
        "channel": channel,
        "why": why,
        "by": by or user_name(),
        "at": now.isoformat(timespec="seconds"),
        "was": found.data.decode(errors="replace"),
    }
    key = f"removed-channels/{channel}/{now:%Y%m%dT%H%M%SZ}-{uuid4().hex[:6]}.json"
    store.create(key, json.dumps(record, indent=2).encode())
    _delete_unchanged(store, channel, found.version)
    return key


def take_back(store: Store, channel: str, moved: Channel, base: Channel | None) -> None:
    """Let a channel name what it named before it was moved, unless others have moved it since."""
    if base is None:
        found = store.get_versioned(channel_key(channel))
        if found is not None and parse_channel(found.data, channel) == moved:
            with suppress(ConflictError):
                _delete_unchanged(store, channel, found.version)
    elif base.release != moved.release:
        with suppress(ConflictError):
            point_channel(
                store,
                channel,
                base.release,
                base.current.manifest_sha256,
                action="rolled back",
                why=PRUNED_MEANWHILE,
                by=moved.current.by,
                candidate=base.current.candidate,
                expected=moved,
            )


def _delete_unchanged(store: Store, channel: str, version: str) -> None:
    # No store deletes under a condition; the look right before leaves a rival no more than that moment.
    found = store.get_versioned(channel_key(channel))
    if found is None or found.version != version:
        raise ConflictError("Somebody else moved the channel; it stays.", "Look at it again.", channel=channel)
    store.delete(channel_key(channel))
