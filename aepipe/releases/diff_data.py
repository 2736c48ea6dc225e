"""Differences between the images of two releases, from the indices that they have of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aepipe.datasets.index import Index, read_index
from aepipe.releases.diff import MISSING, Difference
from aepipe.releases.manifest import Manifest
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file
from aepipe.store.refs import Ref

if TYPE_CHECKING:
    import pandas as pd


def compare_data(store: Store, before: Manifest, after: Manifest) -> list[Difference]:
    """Return how many images of one's own came, went, or are of another class or part, for each data set of both.

    Raises:
        ObjectNotFoundError: an index is not in the store any more.
        CorruptObjectError: an index is not what its manifest names.
    """
    indices = [_indices(store, manifest) for manifest in (before, after)]
    names = [name for name in indices[0] if name in indices[1]]
    rows = (row for name in names for row in _changes(f"data.{name}", indices[0][name], indices[1][name]))
    return [row for row in rows if row.before != row.after]


def _indices(store: Store, manifest: Manifest) -> dict[str, Index]:
    """Return the index of each data set, by the data set's name; of several states of one that of the first model."""
    files = {file.path: file for file in manifest.files}
    found: dict[str, Index] = {}
    for summary in manifest.recipes.values():
        file = files.get(summary.index or "")
        if file is not None and summary.data_set is not None and summary.data_set not in found:
            uri = f"{store.url}/releases/{manifest.release}/{file.path}"
            path = local_file(store, Ref(uri=uri, sha256=file.sha256, size=file.size, kind="table"))
            found[summary.data_set] = read_index(path)
    return found


def _changes(name: str, before: Index, after: Index) -> Iterator[Difference]:
    for state in ("ok", "duplicate", "broken", "left out"):
        yield Difference(f"{name}.{state}", *(int((side.rows["state"] == state).sum()) for side in (before, after)))
    ours, theirs = _pictures(before), _pictures(after)
    yield Difference(f"{name}.went", len(ours.index.difference(theirs.index)) or MISSING, MISSING)
    yield Difference(f"{name}.came", MISSING, len(theirs.index.difference(ours.index)) or MISSING)
    both = ours.index.intersection(theirs.index)
    for column in ("class", "part"):
        is_another = ours[column].fillna("")[both] != theirs[column].fillna("")[both]
        yield Difference(f"{name}.of_another_{column}", MISSING, int(is_another.sum()) or MISSING)


def _pictures(index: Index) -> "pd.DataFrame":
    """Return class and part of each different picture, by its digest."""
    # Of equal pictures in several places, one that is in a part.
    rows = index.images.sort_values("part", key=lambda part: part == "none", kind="stable")
    return rows.drop_duplicates("pixels_sha256").set_index("pixels_sha256")[["class", "part"]]
