"""Digests of files, arrays and JSON values; each is written once here."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def md5(data: bytes = b"") -> Any:
    """Return an MD5 object: it finds accidents, and is the one checksum that every S3 server verifies."""
    return hashlib.md5(data, usedforsecurity=False)


def file_sha256(path: Path) -> str:
    """Return the hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def array_sha256(array: "np.ndarray") -> str:
    """Return the hex sha256 of an array's values in C order, whatever its memory layout; nothing is copied for it."""
    # Here, because most of what hashes something has no arrays.
    import numpy as np

    values = np.ascontiguousarray(array).reshape(-1)
    return hashlib.sha256(values.view(np.uint8).data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """Return the one JSON text that equal values share: sorted keys, no spaces, ASCII.

    Raises:
        ValueError: a number is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
