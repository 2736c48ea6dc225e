"""Stores as earlier versions wrote them, unpacked for a test; stores/README.md says how they were made."""

import tarfile
from pathlib import Path

FIRST, WORSE, CANDIDATE, COMPOSED = (
    "20261126T053626Z-aaff36",
    "20261126T054001Z-d39f61",
    "20261126T054138Z-8608e9",
    "20261126T054138Z-8608e9-f567aa",
)


def unpack(name: str, folder: Path) -> Path:
    """Return the root of a store that an earlier version wrote, unpacked into a folder."""
    with tarfile.open(Path(__file__).parent / "stores" / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "store"
