"""Names, digests and sizes in stored objects, checked when they are read, as whoever wrote them may lie."""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

MAX_PATH_BYTES = 900
MAX_NAME_BYTES = 255
RELEASE_ID = re.compile(r"\d{8}T\d{6}Z(-[0-9a-z]{1,64}){1,8}")
CHANNEL_NAME = re.compile(r"[a-z0-9-]{1,64}")


def is_release_id(text: str) -> bool:
    """Tell whether a release can have this id: a time in UTC, then short lower-case parts after hyphens."""
    return RELEASE_ID.fullmatch(text) is not None


def is_channel_name(text: str) -> bool:
    """Tell whether a channel can have this name: lower-case letters, digits and hyphens."""
    return CHANNEL_NAME.fullmatch(text) is not None


def is_path(text: str) -> bool:
    """Tell whether a text is a path that stays where it is put: relative, normalised, of printable names."""
    return len(_encoded(text)) <= MAX_PATH_BYTES and all(is_name(segment) for segment in text.split("/"))


def is_name(text: str) -> bool:
    """Tell whether a text is the name of one file: no separator, no dots alone, nothing that steers a terminal."""
    if text in ("", ".", "..") or len(_encoded(text)) > MAX_NAME_BYTES:
        return False
    if "/" in text or "\\" in text:
        return False
    # Most names are plain, and a manifest has hundreds.
    return (text.isascii() and text.isprintable()) or not any(map(_is_control, text))


def is_address(text: str) -> bool:
    """Tell whether a text is the address of an object: a URL of a store, a slash, a key."""
    scheme, separator, path = text.partition("://")
    segments = path.split("/")
    return bool(separator and scheme and segments[-1]) and not any(
        segment in (".", "..") or any(character == "\\" or _is_control(character) for character in segment)
        for segment in segments
    )


def is_time(text: str) -> bool:
    """Tell whether a text is a time in ISO 8601 with its offset from UTC."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _encoded(text: str) -> bytes:
    # A lone surrogate is no character; what is no text is refused by its category.
    return text.encode(errors="replace")


def _is_control(character: str) -> bool:
    # Joiners are part of words in some scripts; all else that is invisible is of no use in a name.
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
        or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
    )


def _checked(holds: Callable[[str], bool], rule: str) -> AfterValidator:
    def check(text: str) -> str:
        if not holds(text):
            raise ValueError(rule)
        return text

    return AfterValidator(check)


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Name = Annotated[str, _checked(is_name, "a name has no separator, no dots alone and no control characters")]
RelativePath = Annotated[
    str, _checked(is_path, "a path is relative and normalised, of names without control characters")
]
Address = Annotated[str, _checked(is_address, "an address is a store's URL with a key")]
ReleaseId = Annotated[
    str, _checked(is_release_id, "a release's id is a time and short parts, as 20260101T020000Z-1a2b3c")
]
Time = Annotated[str, _checked(is_time, "a time is ISO 8601 with its offset from UTC")]
