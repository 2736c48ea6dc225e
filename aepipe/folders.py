"""Folders outside the store."""

import os
from pathlib import Path


def default_cache_folder() -> Path:
    """Return the folder for what can be fetched again: $AEPIPE_CACHE, or aepipe in the user's cache folder."""
    user_caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("AEPIPE_CACHE") or user_caches / "aepipe").expanduser()
