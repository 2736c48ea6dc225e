"""Errors about what is not there, with what is: a store that nobody wrote to, a channel that was never set."""

from collections.abc import Collection

from aepipe.errors import ObjectNotFoundError
from aepipe.store.interface import Store

# What a store that was used has one of.
FOLDERS = ("releases/", "channels/", "stages/")


def require_store(store: Store) -> None:
    """Check that somebody wrote to a store: an address with a mistake in it is an empty one.

    Raises:
        ObjectNotFoundError: nobody did.
    """
    if not set(FOLDERS).intersection(store.names("")):
        raise ObjectNotFoundError(
            "A store is there once a run has written to it.",
            f"Look at the address; a first run makes the store: aepipe run --preset quick --store {store.url}",
            store=store.url,
        )


def absent_channel(
    store: Store, channel: str, channels: Collection[str], stand_in: str | None = None
) -> ObjectNotFoundError:
    """Return the error about a channel that was never set.

    Args:
        store: Where it should be.
        channel: Its name.
        channels: Those that are there.
        stand_in: The channel that quick runs go to instead of this one.

    Raises:
        ObjectNotFoundError: there is no store either.
    """
    require_store(store)
    rule, listing = f"This store has no channel {channel}", f"aepipe releases list --store {store.url}"
    if stand_in in channels:
        rule += f": quick runs go to {stand_in}"
        command = f"aepipe releases promote {stand_in} --why TEXT --store {store.url}"
        way_out = f"Name {stand_in} instead, or make it {channel}: {command}"
    elif channels:
        way_out = f"Name one of these, or a release: {listing}"
    else:
        rule += ": nothing passed the gate yet"
        way_out = f"Name a release, or promote one: {listing}"
    return ObjectNotFoundError(f"{rule}.", way_out, channel=channel, channels=list(channels))
