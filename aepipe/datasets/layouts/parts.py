"""Layout parts: the user's own train, validation and test folders, with classes below them or above."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from aepipe.datasets.layouts.classes import classes_of
from aepipe.datasets.layouts.layout import Layout, Path, Place, below_common
from aepipe.datasets.layouts.words import BESIDE_TRAIN, EVALUATION, PART_NAME, PARTS
from aepipe.io.names import printable_name
from aepipe.notation import counted


def look(paths: Sequence[Path], is_asked: bool) -> Layout | str:
    """Return the layout, or what is missing for it.

    Folders at the top that are called val or test, and train beside them, are the user's parts; classes are then taken
    below them. Beside one called train, dev validates and holdout and eval are held out (eval validates where there is
    a test, too); without it they may be classes. They may also lie in each of the folders at the top, which are then
    the classes.
    """
    paths = below_common(paths)
    part_of = find_parts(path[0] for path in paths if len(path) > 1)
    if part_of:
        return _with_parts(paths, part_of)
    seconds = [path[1] for path in paths if len(path) > 2]
    part_of = find_parts(seconds)
    if len(seconds) == len(paths) and set(seconds) == part_of.keys() != set():
        return _with_parts([(path[1], path[0], *path[2:]) for path in paths], part_of)
    return "folders called train, and val or test, on top or in each of those on top"


def find_parts(folders: Iterable[str]) -> dict[str, str]:
    """Return which of these folders are parts; none where there is at most one called train: that may be a class."""
    matches = {folder: PART_NAME.fullmatch(folder) for folder in set(folders)}
    affixes = Counter(_affixes(match) for match in matches.values() if match)
    words = {
        folder: re.sub("[_-]", "", match["part"].lower())
        for folder, match in matches.items()
        if match and (not any(_affixes(match)) or affixes[_affixes(match)] > 1)
    }
    parts = {folder: PARTS.get(word, word) for folder, word in words.items()}
    weak = {**BESIDE_TRAIN, **dict.fromkeys(EVALUATION, "validation" if "test" in parts.values() else "test")}
    if "train" in parts.values():
        parts = {folder: weak.get(part, part) for folder, part in parts.items()}
    else:
        parts = {folder: part for folder, part in parts.items() if part not in weak}
    return parts if set(parts.values()) - {"train"} and len(matches) > 1 else {}


def _affixes(match: re.Match[str]) -> tuple[str, str]:
    return match["prefix"] or "", match["suffix"] or ""


def _with_parts(paths: list[Path], part_of: Mapping[str, str]) -> Layout:
    parts = [part_of.get(path[0], "") if len(path) > 1 else "" for path in paths]
    inside = [_below_part(path, part_of) for path in paths]
    classes = classes_of(inside)
    notes = [f"the user's own parts are kept: {', '.join(sorted(printable_name(name) for name in part_of))}"]
    if "" in parts:
        notes.append(f"{counted(parts.count(''), 'image lies', 'images lie')} beside those folders: the split decides")
    notes += _unseen(classes, parts)
    names: Sequence[str | None] = classes or [None] * len(parts)
    places = (Place(name, part=part) for name, part in zip(names, parts, strict=True))
    return Layout("parts", tuple(places), tuple(notes))


def _below_part(path: Path, part_of: Mapping[str, str]) -> Path:
    """Return a path below the folder of its part, which some archives have twice."""
    while len(path) > 1 and path[0] in part_of:
        path = path[1:]
    return path


def _unseen(classes: list[str] | None, parts: list[str]) -> list[str]:
    """Return what is to be said of classes that only the test part has: nothing is trained to know them."""
    if classes is None:
        return []
    pairs = list(zip(classes, parts, strict=True))
    trained = {name for name, part in pairs if part != "test"}
    unseen = Counter(name for name, part in pairs if part == "test" and name not in trained)
    if not unseen:
        return []
    found = ", ".join(f"{name} {count}" for name, count in unseen.most_common(6))
    return [f"classes of the test part that nothing trains on, as defects are: {found}"]
