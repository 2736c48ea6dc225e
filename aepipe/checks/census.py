"""Census of a data set: what there is of each kind, beside what there was, and which images came and went."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from aepipe.datasets.index import BROKEN, DUPLICATE, Index
from aepipe.io.names import printable_name

if TYPE_CHECKING:
    import pandas as pd

MAX_NAMES = 20
MAX_ROWS = 12
OTHERS = "others"


class Count(BaseModel):
    """How many there are of one kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: str = Field(description="What is counted by: state, part, class or size.")
    name: str = Field(description="Which of them.")
    before: int | None = Field(None, description="How many there were; None where there is nothing to compare with.")
    now: int = Field(description="How many there are.")


class Listed(BaseModel):
    """Files of one kind, a few of them by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(0, description="How many.")
    names: tuple[str, ...] = Field((), description="A few of them, with the reason where each has its own.")


class Census(BaseModel):
    """What a data set's index says, in a page's words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    counts: tuple[Count, ...] = Field(description="By state, part, class and size, the largest first.")
    broken: Listed = Field(Listed(), description="Files that give no image, and why.")
    duplicates: Listed = Field(Listed(), description="Images whose pixels another one has, and which.")
    came: Listed = Field(Listed(), description="Images that were not there.")
    went: Listed = Field(Listed(), description="Images that are gone.")
    changed: Listed = Field(Listed(), description="Images of the same name with other pixels.")


def take_census(now: Index, before: Index | None) -> Census:
    """Return what an index says, beside an earlier one where there is one."""
    rows = now.rows
    changes = {} if before is None else _changes(now, before)
    return Census(
        counts=tuple(count_all(now, before)),
        broken=_list_rows(rows[rows["state"] == BROKEN]),
        duplicates=_list_rows(rows[rows["state"] == DUPLICATE]),
        **changes,
    )


def count_all(now: Index, before: Index | None) -> Iterator[Count]:
    """Yield the counts by state, part, class and size; of images alone but for the states."""
    old = None if before is None else before.rows
    yield from _beside("state", now.rows["state"], None if old is None else old["state"])
    images, earlier = now.images, None if before is None else before.images
    for group, column in {"part": "part", "class": "class"}.items():
        yield from _beside(group, images[column], None if earlier is None else earlier[column])
    yield from _beside("size", sizes_of(images), None if earlier is None else sizes_of(earlier))


def sizes_of(rows: "pd.DataFrame") -> "pd.Series[str]":
    """Return height x width of each file, in words."""
    return rows["height"].astype(str) + "x" + rows["width"].astype(str)


def _beside(group: str, now: "pd.Series[str]", before: "pd.Series[str] | None") -> Iterator[Count]:
    counts, old = _tally(now), None if before is None else _tally(before)
    # By both, so that what is gone stands among those that it was as large as.
    order = sorted(counts | (old or Counter()), key=lambda name: (-max(counts[name], (old or counts)[name]), name))
    for name in order[:MAX_ROWS]:
        shown = printable_name(name)
        yield Count(group=group, name=shown, before=None if old is None else old[name], now=counts[name])
    rest = order[MAX_ROWS:]
    if rest:
        earlier = None if old is None else sum(old[name] for name in rest)
        name = f"{len(rest)} {OTHERS}"
        yield Count(group=group, name=name, before=earlier, now=sum(counts[name] for name in rest))


def _tally(values: "pd.Series[str]") -> Counter[str]:
    return Counter(str(value) for value in values if value is not None)


def _changes(now: Index, before: Index) -> Mapping[str, Listed]:
    pixels, old = _pixels_by_path(now), _pixels_by_path(before)
    changed = [path for path, digest in pixels.items() if old.get(path, digest) != digest]
    return {
        "came": _list_names(sorted(pixels.keys() - old.keys())),
        "went": _list_names(sorted(old.keys() - pixels.keys())),
        "changed": _list_names(changed),
    }


def _pixels_by_path(index: Index) -> dict[str, str]:
    images = index.images
    return dict(zip(images["path"], images["pixels_sha256"], strict=True))


def _list_rows(rows: "pd.DataFrame") -> Listed:
    return _list_names([f"{path}: {reason}" for path, reason in zip(rows["path"], rows["reason"], strict=True)])


def _list_names(names: Sequence[str]) -> Listed:
    return Listed(count=len(names), names=tuple(printable_name(name) for name in names[:MAX_NAMES]))
