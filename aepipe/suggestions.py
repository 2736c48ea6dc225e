"""Suggestions for somebody who wrote what is not there."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(written: str, legal: Iterable[str]) -> str:
    """Return a question that names the nearest legal word; nothing where none is near."""
    nearest = get_close_matches(written.strip().lower(), list(legal), n=1)
    return f"Did you mean {nearest[0]}?" if nearest else ""
