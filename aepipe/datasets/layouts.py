"""Layouts of folders of images: classes, the user's own parts, masks. Every guess is said in a sentence."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from aepipe.io.names import printable_name
from aepipe.notation import counted

# A name with an ending of its own, as in test_set, and one that begins or ends alike, as in seg_train beside seg_test
# and train2017 beside val2017.
PART_NAME = re.compile(
    r"(?:(?P<prefix>.+)[_-])?"
    r"(?P<part>train|training|val|valid|validation|test|testing"
    r"|dev|development|eval|evaluation|hold[_-]?out|held[_-]?out)"
    r"(?:[_-]?(?:set|data|images|imgs|split))?(?P<suffix>[_-]?(?:\d+|[ab]))?",
    re.IGNORECASE,
)
PARTS = {"val": "validation", "valid": "validation", "training": "train", "testing": "test"}
# Words of other things, too: these are parts beside one called train, and may be classes without it.
BESIDE_TRAIN = {"dev": "validation", "development": "validation", "holdout": "test", "heldout": "test"}
# The test part, or the one before it where another is called test.
EVALUATION = ("eval", "evaluation")
# Inspection sets keep there what a segmentation should find.
GROUND_TRUTH = frozenset(("ground_truth", "groundtruth", "ground truth", "ground-truth"))
# These hold masks where pictures lie beside them under a name of their own.
MASK_FOLDERS = frozenset(("mask", "masks", "label", "labels", "annotation", "annotations", "segmentation", "gt"))
PICTURE_FOLDERS = frozenset(("image", "images", "img", "imgs", "jpegimages"))
MASK_STEM = re.compile(r"(?P<stem>.+?)[_\-. ](?:mask|seg|segmentation|gt|label)(?:[_\-. ]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """What the folders say of each image.

    Attributes:
        classes: The class of each, or None where they name none.
        parts: train, validation, test or an empty text of each, or None where they name none.
        notes: How this was understood, a sentence each.
    """

    classes: list[str] | None
    parts: list[str] | None
    notes: tuple[str, ...]


def find_masks(names: Sequence[str]) -> set[str]:
    """Return the files that are masks of others: they never train.

    Those are the files below a folder called ground_truth, those below a folder called masks or alike that has a
    folder called images or alike beside it, and those called as another one of the same folder with _mask behind it.
    """
    folders = {parent.as_posix() for name in names for parent in PurePosixPath(name).parents}
    have_pictures = {_parent(folder) for folder in folders if _base(folder) in PICTURE_FOLDERS}
    stems = {PurePosixPath(name).with_suffix("").as_posix() for name in names}
    return {name for name in names if _is_mask(PurePosixPath(name), have_pictures, stems)}


def _is_mask(path: PurePosixPath, have_pictures: set[str], stems: set[str]) -> bool:
    for folder in list(path.parents)[:-1]:
        name = folder.name.lower()
        if name in GROUND_TRUTH or (name in MASK_FOLDERS and folder.parent.as_posix() in have_pictures):
            return True
    match = MASK_STEM.fullmatch(path.stem)
    return match is not None and (path.parent / match["stem"]).as_posix() in stems


def _base(folder: str) -> str:
    return folder.rpartition("/")[2].lower()


def _parent(folder: str) -> str:
    return PurePosixPath(folder).parent.as_posix()


def arrange(names: Sequence[str]) -> Layout:
    """Return what the folders of images mean.

    Folders at the top that are called val or test, and train beside them, are the user's parts; classes are then taken
    below them. Beside one called train, dev validates and holdout and eval are held out (eval validates where there is
    a test, too); without it they may be classes. They may also lie in each of the folders at the top, which are then
    the classes. Otherwise the first folder below the one that all share is the class.

    Args:
        names: Of the images, with slashes, below the place that the user named.
    """
    paths = _below_common([PurePosixPath(name).parts for name in names])
    part_of = _find_parts(path[0] for path in paths if len(path) > 1)
    if part_of:
        return _with_parts(paths, part_of)
    seconds = [path[1] for path in paths if len(path) > 2]
    part_of = _find_parts(seconds)
    if len(seconds) == len(paths) and set(seconds) == part_of.keys() != set():
        return _with_parts([(path[1], path[0], *path[2:]) for path in paths], part_of)
    classes = _classes(paths)
    return Layout(classes, None, _doubts(classes))


def _below_common(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return paths below the folder that all share."""
    while paths and len({path[0] for path in paths}) == 1 and all(len(path) > 1 for path in paths):
        paths = [path[1:] for path in paths]
    return paths


def _find_parts(folders: Iterable[str]) -> dict[str, str]:
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


def _with_parts(paths: list[tuple[str, ...]], part_of: Mapping[str, str]) -> Layout:
    parts = [part_of.get(path[0], "") if len(path) > 1 else "" for path in paths]
    inside = [_below_part(path, part_of) for path in paths]
    classes = _classes(inside)
    notes = [f"the user's own parts are kept: {', '.join(sorted(printable_name(name) for name in part_of))}"]
    if "" in parts:
        notes.append(f"{counted(parts.count(''), 'image lies', 'images lie')} beside those folders: the split decides")
    notes += _anomalies(classes, parts)
    return Layout(classes, parts, tuple(notes))


def _below_part(path: tuple[str, ...], part_of: Mapping[str, str]) -> tuple[str, ...]:
    """Return a path below the folder of its part, which some archives have twice."""
    while len(path) > 1 and path[0] in part_of:
        path = path[1:]
    return path


def _classes(paths: list[tuple[str, ...]]) -> list[str] | None:
    """Return each image's first folder below the one that all share; None where some lie beside the folders."""
    paths = _below_common(paths)
    if not paths or not all(len(path) > 1 for path in paths):
        return None
    return [printable_name(path[0]) for path in paths]


def _anomalies(classes: list[str] | None, parts: list[str]) -> list[str]:
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


def _doubts(classes: list[str] | None) -> tuple[str, ...]:
    doubtful = sorted(name for name in set(classes or ()) if PART_NAME.fullmatch(name))
    if not doubtful:
        return ()
    return (f"folders taken for classes though parts are called so: {', '.join(doubtful)}",)
