"""Pairs of pictures: which clean one each noisy one is to become, by their paths."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from aepipe.datasets.index import BROKEN, OK
from aepipe.datasets.own.rows import Row, file_of, left_out
from aepipe.datasets.tally import Reason, Tally

WITHOUT_CLEAN: Reason = "without a clean picture"
OTHER_SIZE: Reason = "of another size than its clean picture"
WITHOUT_NOISY: Reason = "clean picture without a noisy one"
# Where it stands in the path of a clean picture that has no noisy one.
CLEAN = "data.clean"

# A file's path, and the number of a page of it or None.
Key = tuple[str, int | None]


def pair_up(rows: Sequence[Row], clean_rows: Iterable[Row], tally: Tally) -> Mapping[str, Row]:
    """Tell each picture its clean one, and return the clean ones by the paths of those that have one.

    A picture without one, or of another size, is left out with the reason. Clean ones that are nobody's are counted.

    Args:
        rows: Of the noisy pictures, and of files that gave none; those of pictures are changed.
        clean_rows: Of the clean pictures, in the same way.
        tally: What was left out so far.
    """
    clean = {(file_of(row), row.get("page")): row for row in clean_rows if row["state"] in (OK, BROKEN)}
    files = _clean_files((file_of(row) for row in rows), (file for file, _ in clean))
    found: dict[str, Row] = {}
    for row in (row for row in rows if row["state"] == OK):
        partner = _partner(row, clean, files)
        row |= _told(row, partner)
        if partner is not None and row["state"] == OK:
            found[row["path"]] = partner
    _bind([row for row in rows if row["path"] in found])
    known = set(files.values())
    for file in dict.fromkeys(file for file, _ in clean if file not in known):
        tally.add(WITHOUT_NOISY, f"{CLEAN}/{file}")
    return found


def _clean_files(noisy: Iterable[str], clean: Iterable[str]) -> Mapping[str, str]:
    """Return the clean file of each noisy one: that of its path, or the only one that differs in its ending alone."""
    noisy, by_stem = set(noisy), defaultdict(set)
    for file in clean:
        by_stem[_stem(file)].add(file)
    alike, found = Counter(map(_stem, noisy)), {}
    for file in noisy:
        there = by_stem[_stem(file)]
        if file in there:
            found[file] = file
        elif len(there) == 1 and alike[_stem(file)] == 1:
            (found[file],) = there
    return found


def _partner(row: Row, clean: Mapping[Key, Row], files: Mapping[str, str]) -> Row | None:
    """Return the row of a picture's clean one; one that is no stack is that of all pages of its noisy one."""
    file, page = files.get(file_of(row), ""), row.get("page")
    return clean.get((file, page), clean.get((file, None)))


def _told(row: Row, partner: Row | None) -> Row:
    """Return what is known of a picture from its clean one on."""
    if partner is None:
        return left_out(WITHOUT_CLEAN)
    if partner["state"] == BROKEN:
        return left_out(WITHOUT_CLEAN, f"it is broken: {partner['reason']}")
    sizes = [f"{one['height']}x{one['width']}" for one in (row, partner)]
    if sizes[0] != sizes[1]:
        return left_out(OTHER_SIZE, f"{sizes[0]}, the clean one {sizes[1]}")
    return {"clean": partner["path"], "clean_sha256": partner["pixels_sha256"]}


def _bind(rows: Sequence[Row]) -> None:
    """Make a group of pictures that are to become one and the same: a model that has seen it would know the others."""
    counts = Counter(row["clean_sha256"] for row in rows)
    for row in rows:
        if row.get("group") is None and counts[row["clean_sha256"]] > 1:
            row["group"] = f"{CLEAN}/{row['clean_sha256']}"


def _stem(file: str) -> str:
    return PurePosixPath(file).with_suffix("").as_posix()
