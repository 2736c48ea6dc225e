"""Masks: files that show where something is in another file. They never train; each image is told which is its own."""

import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from aepipe.datasets.layouts.mvtec import TEST_NAME

# Inspection sets keep there what a segmentation should find.
GROUND_TRUTH = frozenset(("ground_truth", "groundtruth", "ground truth", "ground-truth"))
# These hold masks where pictures lie beside them under a name of their own.
MASK_FOLDERS = frozenset(("mask", "masks", "label", "labels", "annotation", "annotations", "segmentation", "gt"))
PICTURE_FOLDERS = frozenset(("image", "images", "img", "imgs", "jpegimages"))
MASK_STEM = re.compile(r"(?P<stem>.+?)[_\-. ](?:mask|seg|segmentation|gt|label)(?:[_\-. ]?\d+)?", re.IGNORECASE)

# Folders and stem, as a mask and its image have them in common.
Key = tuple[str, ...]


def find_masks(names: Sequence[str]) -> set[str]:
    """Return the files that are masks of others.

    Those are the files below a folder called ground_truth, those below a folder called masks or alike that has a
    folder called images or alike beside it, and those called as another one of the same folder with _mask behind it.
    """
    folders = {name.rpartition("/")[0] for name in names}
    above = {
        parent.as_posix() for folder in folders for parent in (PurePosixPath(folder), *PurePosixPath(folder).parents)
    }
    have_pictures = {_parent(folder) for folder in above if _base(folder) in PICTURE_FOLDERS}
    of_masks = {folder for folder in folders if folder and _is_of_masks(PurePosixPath(folder), have_pictures)}
    beside = {name: match["stem"] for name in names if (match := MASK_STEM.fullmatch(_stem(name))) is not None}
    stems = {posixpath.splitext(name)[0] for name in names} if beside else set()
    return {
        name
        for name in names
        if name.rpartition("/")[0] in of_masks
        or (name in beside and posixpath.join(posixpath.dirname(name), beside[name]) in stems)
    }


def masks_by_image(images: Iterable[str], masks: Iterable[str]) -> Mapping[str, list[str]]:
    """Return the masks of each image that has one, by the image's name."""
    found: dict[Key, list[str]] = defaultdict(list)
    for mask in sorted(masks):
        for key in _keys_of_mask(PurePosixPath(mask)):
            found[key].append(mask)
    if not found:
        return {}
    of_each = {image: _first(found, _keys_of_image(PurePosixPath(image))) for image in images}
    return {image: ones for image, ones in of_each.items() if ones}


def _is_of_masks(folder: PurePosixPath, have_pictures: set[str]) -> bool:
    """Tell whether a folder, or one that it lies in, is one of masks."""
    for one in (folder, *folder.parents[:-1]):
        name = one.name.lower()
        if name in GROUND_TRUTH or (name in MASK_FOLDERS and one.parent.as_posix() in have_pictures):
            return True
    return False


def _stem(name: str) -> str:
    return posixpath.splitext(posixpath.basename(name))[0]


def _keys_of_mask(path: PurePosixPath) -> Iterator[Key]:
    """Yield the places where its image may lie, without the folder that makes it a mask.

    Its name is the image's, maybe with _mask behind it, or that of the folder that it lies in (MVTec LOCO).
    """
    folders = _without(path, GROUND_TRUTH | MASK_FOLDERS)
    yield _key((*folders, path.stem))
    match = MASK_STEM.fullmatch(path.stem)
    if match is not None:
        yield _key((*folders, match["stem"]))
    if folders and path.stem.isdecimal():
        yield _key(folders)


def _keys_of_image(path: PurePosixPath) -> Iterator[Key]:
    """Yield the places that its mask may name: its own, without a folder for images, and without test."""
    folders = _without(path, PICTURE_FOLDERS)
    yield _key((*path.parts[:-1], path.stem))
    yield _key((*folders, path.stem))
    yield _key((*(name for name in folders if not TEST_NAME.fullmatch(name)), path.stem))


def _without(path: PurePosixPath, names: frozenset[str]) -> tuple[str, ...]:
    return tuple(part for part in path.parts[:-1] if part.lower() not in names)


def _key(parts: Sequence[str]) -> Key:
    # Masks are often written by another program, with an opinion of its own on letters.
    return tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)


def _first(found: Mapping[Key, list[str]], keys: Iterator[Key]) -> list[str]:
    return next((found[key] for key in keys if key in found), [])


def _base(folder: str) -> str:
    return folder.rpartition("/")[2].lower()


def _parent(folder: str) -> str:
    return PurePosixPath(folder).parent.as_posix()
