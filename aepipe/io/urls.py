"""Addresses as a log may show them."""

import re

# A user begins before the first slash; what follows it may hold any character, slashes and signs too.
CREDENTIALS = re.compile(r"^(?P<scheme>(?:[A-Za-z0-9+.-]+:)+//)(?:[^/@:]*:.*@|[^/@]*@)", re.DOTALL)
QUERY = re.compile(r"[?#].*", re.DOTALL)


def has_secrets(url: str) -> bool:
    """Tell whether an address holds a user, a password, or a signature."""
    return without_secrets(url) != url


def without_secrets(url: str) -> str:
    """Return an address without user, password, query and fragment; a path stays as it is.

    A password with slashes in it is no legal address, but is what a key is when it is pasted as it is.
    """
    match = CREDENTIALS.match(url)
    if match:
        url = f"{match['scheme']}...@{url[match.end() :]}"
    return QUERY.sub("?...", url) if re.match(r"(?:[A-Za-z0-9+.-]+:)+//", url) and not _is_s3(url) else url


def _is_s3(url: str) -> bool:
    # A key may have any character; there are no queries.
    return re.match(r"(?:[a-z]+:)*s3://", url) is not None
