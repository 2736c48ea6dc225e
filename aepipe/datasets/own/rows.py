"""Rows of an index while a data set is read: what each file gave, or why it gave nothing."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, cast, get_args

from aepipe.datasets.formats.members import Member
from aepipe.datasets.formats.pictures import Frames, Picture
from aepipe.datasets.index import BROKEN, LEFT_OUT, OK
from aepipe.datasets.tally import Reason, Tally
from aepipe.errors import BrokenFileError, NoPictureError, TooLargeError, UnreadKindError, UnreadPixelsError

# A row by the names of an index's columns.
Row = dict[str, Any]

# Reasons of files that were read for their digests alone.
NOT_DECODED = ("mask", "not in the table")
FURTHER: Reason = "further frame"
TURNED, ON_WHITE, UPPER_BITS = "turned", "on white", "upper 8 of 16 bits"
COUNT = re.compile(r"(?P<reason>.*?)(?: \((?P<count>\d+)\))?(?:: (?P<fault>.*))?", re.DOTALL)


def path_of(name: str) -> str:
    """Return a file's name as an index has it: bytes that are no text are escaped."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def file_row(member: Member, bytes_sha256: str | None) -> Row:
    """Return what the rows of a file have in common."""
    return {
        "path": path_of(member.name),
        "bytes_sha256": bytes_sha256,
        "size_bytes": member.size_bytes,
        "version": member.version,
    }


def rows_of(member: Member, bytes_sha256: str, frames: Frames) -> Iterator[tuple[Row, Picture | None]]:
    """Yield a row for each picture of a file, with the picture, and one for all frames that are left out."""
    common, count = file_row(member, bytes_sha256), len(frames.pictures)
    for number, picture in enumerate(frames.pictures):
        path = path_of(picture.name)
        page = None if path == common["path"] else number
        yield {**common, "path": path, "page": page, **_described(picture)}, picture
    if frames.num_left:
        path = f"{common['path']}#{count}"
        yield {**common, "path": path, "page": count, **left_out(FURTHER, count=frames.num_left)}, None


def file_of(row: Row) -> str:
    """Return the path of the file that a row is of."""
    path: str = row["path"]
    return path if row.get("page") is None else path.rpartition("#")[0]


def broken_row(member: Member, bytes_sha256: str | None, error: BrokenFileError) -> Row:
    """Return the row of a file whose bytes are no picture that is read."""
    return {**file_row(member, bytes_sha256), **_why(member, error)}


def left_out(reason: Reason, fault: str = "", count: int = 1) -> Row:
    """Return state and reason of a file that is left out."""
    several = f" ({count})" if count > 1 else ""
    return {"state": LEFT_OUT, "reason": f"{reason}{several}" + (f": {fault}" if fault else "")}


def tally_rows(rows: Iterable[Row], tally: Tally) -> None:
    """Count the rows that gave no image."""
    for row in rows:
        if row["state"] == BROKEN:
            tally.add("broken", row["path"], row["reason"])
        elif row["state"] == LEFT_OUT:
            found = COUNT.fullmatch(row["reason"])
            reason = found["reason"] if found else ""
            if found and reason in get_args(Reason):
                count, fault = int(found["count"] or 1), found["fault"] or ""
                tally.add(cast("Reason", reason), file_of(row), fault, count)


def _described(picture: Picture) -> Row:
    done = {TURNED: picture.was_negative, ON_WHITE: picture.was_transparent, UPPER_BITS: picture.is_deep_color}
    height, width = picture.file_size
    return {
        "pixels_sha256": picture.pixels_sha256,
        "height": height,
        "width": width,
        "mode": picture.mode,
        "bits": picture.bits,
        "bulk_bits": picture.bulk_bits,
        "treatment": ", ".join(words for words, was_done in done.items() if was_done) or None,
        "channels": 3 if picture.pixels.ndim == 3 else 1,
        "depth": 8 * picture.pixels.dtype.itemsize,
        "state": OK,
        "reason": None,
    }


def _why(member: Member, error: BrokenFileError) -> Row:
    if isinstance(error, NoPictureError) and not member.is_meant_to_be_a_picture:
        return left_out("no picture")
    if isinstance(error, UnreadPixelsError):
        return left_out("picture with pixels of a kind that is not read", error.problem)
    if isinstance(error, UnreadKindError):
        return left_out("picture of a kind that is not read")
    if isinstance(error, TooLargeError):
        return left_out("too large", error.problem)
    return {"state": BROKEN, "reason": error.problem}
