"""Layout flat: pictures, and nothing that their folders say."""

from collections.abc import Sequence

from aepipe.datasets.layouts.layout import Layout, Path, Place, below_common
from aepipe.notation import counted


def look(paths: Sequence[Path], is_asked: bool) -> Layout:
    """Return the layout, which fits everything."""
    return Layout("flat", (Place(),) * len(paths), (_sentence(paths, is_asked),))


def _sentence(paths: Sequence[Path], is_asked: bool) -> str:
    below = below_common(paths)
    num_beside = sum(len(path) == 1 for path in below)
    if is_asked or num_beside == len(below):
        return "no classes"
    beside = counted(num_beside, "image lies", "images lie")
    return f"no classes, as {beside} beside the folders, such as {'/'.join(min(p for p in below if len(p) == 1))}"
