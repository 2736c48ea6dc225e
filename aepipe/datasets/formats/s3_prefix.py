"""The objects under an s3:// prefix. An object that can't be read is the moment's fault: its error ends the run."""

from collections.abc import Callable, Mapping
from datetime import UTC
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from aepipe.datasets.formats import members
from aepipe.datasets.formats.members import Listing, Member, check_bounds, checked_bytes, is_wanted
from aepipe.datasets.tally import Tally
from aepipe.errors import ChangedDataError, ConflictError

if TYPE_CHECKING:
    from aepipe.io.s3_objects import Objects


def list_s3(url: str) -> Listing:
    """Return the objects under an s3://bucket/prefix, by name.

    Raises:
        DataError: the prefix holds more than is reasonable.
        StoreError: the prefix can't be listed; a member's `read` raises it, too.
    """
    listing, tally = uuid4().hex, Tally()
    # Consoles make an empty object for a folder.
    objects = {name: item for name, item in _objects(url, listing).listing().items() if name and not name.endswith("/")}
    names = {name for name in objects if is_wanted(name, objects[name]["Size"], tally)}
    check_bounds(objects[name]["Size"] for name in names)
    found = (
        _member(name, partial(_read, url, listing, name, item["ETag"]), item)
        for name, item in objects.items()
        if name in names
    )
    return Listing.of(found, tally, len(objects), is_remote=True)


def _member(name: str, read: Callable[[], bytes], item: Mapping[str, Any]) -> Member:
    return Member(name, read, item["ETag"], item["Size"], item["LastModified"].astimezone(UTC).isoformat())


@lru_cache(1)
def _objects(url: str, listing: str) -> "Objects":
    """Return this process's connection for a listing; for the next one the settings may be others."""
    from aepipe.io.s3_objects import Objects

    return Objects(url)


def _read(url: str, listing: str, name: str, etag: str) -> bytes:
    try:
        return checked_bytes(_objects(url, listing).read(name, etag, members.MAX_MEMBER_BYTES + 1))
    except ConflictError as error:
        raise ChangedDataError(
            "An object was written or removed after it was listed.", "Run again.", key=name
        ) from error
