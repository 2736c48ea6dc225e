"""Suggestions for somebody who wrote what is not there."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(written: str, legal: Iterable[str]) -> str:
    """Return a question that names the nearest legal word; nothing where none is near.

    Of dotted names the last parts are compared: beta is near model.beta.
    """
    by_last_part: dict[str, str] = {}
    for word in legal:
        by_last_part.setdefault(_last_part(word), word)
    nearest = get_close_matches(_last_part(written.strip().lower()), by_last_part, n=1)
    nearest = [by_last_part[found] for found in nearest]
    return f"Did you mean {nearest[0]}?" if nearest else ""


def _last_part(word: str) -> str:
    return word.rpartition(".")[2]
