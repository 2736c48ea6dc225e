"""Layout mvtec: sets for inspection. Only normal images train; the rest tests, as does what is below test.

MVTec AD has train/good, test/good, test/<defect> and ground_truth/<defect>, maybe in a folder for each category. Others
call the normal folder ok or normal, have validation/good, several folders that begin with test (MVTec AD 2), images in
train without a folder, or no parts at all but folders such as good and bad (VisA).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from aepipe.datasets.index import ANOMALOUS, NORMAL, UNKNOWN, Kind
from aepipe.datasets.layouts.layout import Layout, Path, Place, below_common
from aepipe.datasets.layouts.words import PART_NAME, is_normal, kinds_of, part_of_word
from aepipe.io.names import printable_name
from aepipe.notation import counted

TEST_NAME = re.compile(r"test(?:ing)?(?:[_-].*)?", re.IGNORECASE)
# The class of images that lie in test itself.
UNLABELLED = "unknown"
NEEDED = "folders train and test with normal images alone in train (train/good), or good and bad ones without parts"
MAX_SHOWN = 6


def look(paths: Sequence[Path], is_asked: bool) -> Layout | str:
    """Return the layout, or what is missing for it."""
    below = below_common(paths)
    places = _of_one(below, is_asked) or _by_category(below, is_asked)
    if places is None:
        return _missing(below)
    return Layout("mvtec", tuple(places), tuple(_notes(places)))


def _of_one(paths: Sequence[Path], is_asked: bool) -> list[Place] | None:
    below = below_common(paths)
    parts = _parts(below)
    if parts is None:
        return _without_parts(below, is_asked)
    folders = [path[1] if len(path) > 2 else None for path in below]
    trained, others = (
        {folder for folder, part in zip(folders, parts, strict=True) if (part == "train") == is_train}
        for is_train in (True, False)
    )
    names = {name for name in others if name is not None}
    if not _trains_normal_ones(trained, names, is_asked):
        return None
    good = next((name for name in sorted(names) if is_normal(name)), "good")
    return [_place(folder, part, good) for folder, part in zip(folders, parts, strict=True)]


def _parts(paths: Sequence[Path]) -> list[str] | None:
    """Return the part of each, by the folder on top; None where that is not train and test for all of them."""
    part_of = {folder: _part(folder) for folder in {path[0] for path in paths if len(path) > 1}}
    parts = [part_of.get(path[0]) for path in paths]
    found = [part for part in parts if part is not None]
    return found if len(found) == len(parts) and {"train", "test"} <= set(found) else None


def _part(folder: str) -> str | None:
    if TEST_NAME.fullmatch(folder):
        return "test"
    part = part_of_word(folder)
    return part if part in ("train", "validation") else None


def _trains_normal_ones(trained: set[str | None], others: set[str], is_asked: bool) -> bool:
    if trained == {None}:
        return is_asked or (any(map(is_normal, others)) and not all(map(is_normal, others)))
    return all(name is not None and is_normal(name) for name in trained)


def _place(folder: str | None, part: str, good: str) -> Place:
    kind: Kind = NORMAL if part == "train" or (folder and is_normal(folder)) else ANOMALOUS if folder else UNKNOWN
    if folder is None:
        return Place(good if kind == NORMAL else UNLABELLED, kind, part=part)
    return Place(printable_name(folder), kind, part=part if kind == NORMAL else "test")


def _without_parts(paths: Sequence[Path], is_asked: bool) -> list[Place] | None:
    """Return the places of images in folders such as good and bad; of any others only where the user says so.

    The split holds out all that is anomalous, and some of the others.
    """
    folders = [path[0] for path in paths if len(path) > 1]
    names = set(folders)
    kinds = kinds_of(names)
    if kinds is None and is_asked and any(map(is_normal, names)) and not any(map(PART_NAME.fullmatch, names)):
        kinds = {name: NORMAL if is_normal(name) else ANOMALOUS for name in names}
    if kinds is None or len(folders) < len(paths):
        return None
    return [Place(printable_name(name), kinds[name]) for name in folders]


def _by_category(paths: Sequence[Path], is_asked: bool) -> list[Place] | None:
    """Return the places in several sets side by side, with the category before the class."""
    rows = defaultdict(list)
    for row, path in enumerate(paths):
        rows[path[0]].append(row)
    places: dict[int, Place] = {}
    for category, members in rows.items():
        found = (
            _of_one([paths[row][1:] for row in members], is_asked) if all(paths[row][1:] for row in members) else None
        )
        if found is None:
            return None
        name = printable_name(category)
        places |= {
            row: Place(f"{name}/{place.image_class}", place.kind, part=place.part)
            for row, place in zip(members, found, strict=True)
        }
    return [places[row] for row in sorted(places)] if len(rows) > 1 else None


def _missing(paths: Sequence[Path]) -> str:
    parts = _parts(paths)
    if parts is None:
        return NEEDED
    pairs = zip(paths, parts, strict=True)
    trained = {path[1] if len(path) > 2 else "" for path, part in pairs if part == "train"}
    others = sorted(printable_name(name) or "images beside the folders" for name in trained if not is_normal(name))
    return f"normal images alone in train, and there are {', '.join(others[:MAX_SHOWN])}"


def _notes(places: Sequence[Place]) -> list[str]:
    kinds = {kind: [place for place in places if place.kind == kind] for kind in (NORMAL, ANOMALOUS, UNKNOWN)}
    num_tested = sum(place.part == "test" for place in kinds[NORMAL])
    defects = Counter(place.image_class for place in kinds[ANOMALOUS])
    shown = ", ".join(f"{name} {count}" for name, count in defects.most_common(MAX_SHOWN))
    more = f", and {len(defects) - MAX_SHOWN} more" if len(defects) > MAX_SHOWN else ""
    held_out = f", of which the folders hold out {num_tested}" if num_tested else ""
    anomalous = counted(len(kinds[ANOMALOUS]), "anomalous one never trains", "anomalous ones never train")
    notes = [
        f"{counted(len(kinds[NORMAL]), 'normal image')}{held_out}; {anomalous}" + (f": {shown}{more}" if shown else "")
    ]
    if kinds[UNKNOWN]:
        notes.append(f"{counted(len(kinds[UNKNOWN]), 'image')} of the test part in no folder: kind unknown")
    return notes
