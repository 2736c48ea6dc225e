"""The objects under an s3:// prefix. An object that can't be read is the moment's fault: its error ends the run."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from aepipe.datasets.formats import members
from aepipe.datasets.formats.members import Listing, Member, check_bounds, checked_bytes, may_be_picture
from aepipe.datasets.tally import Tally
from aepipe.errors import ChangedDataError, ConflictError


def list_s3(url: str) -> Listing:
    """Return the objects under an s3://bucket/prefix, by name.

    Raises:
        DataError: the prefix holds more than is reasonable.
        StoreError: the prefix can't be listed; a member's `read` raises it, too.
    """
    from aepipe.io.s3_objects import Objects

    prefix, tally = Objects(url), Tally()
    # Consoles make an empty object for a folder.
    objects = {name: item for name, item in prefix.listing().items() if name and not name.endswith("/")}
    names = [name for name in objects if may_be_picture(name, objects[name]["Size"], tally)]
    check_bounds(objects[name]["Size"] for name in names)
    member = partial(_member, prefix, objects)
    tables = tuple(map(member, filter(members.is_table, objects)))
    return Listing(tuple(map(member, names)), tally, len(objects), is_remote=True, tables=tables)


def _member(prefix: Any, objects: Mapping[str, dict[str, Any]], name: str) -> Member:
    return Member(name, partial(_read, prefix, name, objects[name]), objects[name]["ETag"])


def _read(prefix: Any, name: str, item: dict[str, Any]) -> bytes:
    try:
        return checked_bytes(prefix.read(name, item["ETag"], members.MAX_MEMBER_BYTES + 1))
    except ConflictError as error:
        raise ChangedDataError(
            "An object was written or removed after it was listed.", "Run again.", key=name
        ) from error
