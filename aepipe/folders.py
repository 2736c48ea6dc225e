"""Folders outside the store."""

import os
import tempfile
from pathlib import Path


def default_cache_folder() -> Path:
    """Return the folder for what can be fetched again: $AEPIPE_CACHE, or aepipe in the user's cache folder.

    A user without a home, as containers have, has one in the folder for temporary files.
    """
    chosen = os.environ.get("AEPIPE_CACHE")
    if chosen:
        return Path(os.path.expanduser(chosen))
    try:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser()
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"aepipe-{os.getuid()}"
    return caches / "aepipe"
