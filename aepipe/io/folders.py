"""Folders outside the store."""

import os
from pathlib import Path

from aepipe.errors import ParameterError


def default_cache_folder() -> Path:
    """Return the folder for what can be fetched again: $AEPIPE_CACHE, or aepipe in the user's cache folder.

    Raises:
        ParameterError: the user has no home, as in many containers, and neither variable names a folder.
    """
    given, caches = os.environ.get("AEPIPE_CACHE"), os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(given or (Path(caches) if caches else Path("~/.cache")) / "aepipe").expanduser()
    except RuntimeError:
        raise ParameterError(
            "What is fetched needs a folder, and this user has no home.",
            "Set AEPIPE_CACHE to a folder that can be written.",
            AEPIPE_CACHE=given,
        ) from None
