"""Description of what was taken: the index, the arrays that go with the images, and the account."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aepipe.datasets.account import Account
from aepipe.datasets.formats.depth import WHITE
from aepipe.datasets.formats.fitting import Form
from aepipe.datasets.formats.members import Listing
from aepipe.datasets.index import ANOMALOUS, DUPLICATE, LEFT_OUT, NORMAL, OK
from aepipe.datasets.layouts import Arrangement
from aepipe.datasets.layouts.layout import Layout
from aepipe.datasets.locations import WAY_OUT
from aepipe.datasets.own.accounting import account_of
from aepipe.datasets.own.pairs import pair_up
from aepipe.datasets.own.rows import Row, file_of, left_out, path_of, tally_rows
from aepipe.datasets.own.values import DEEP, Values, values_of
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.datasets.tally import Tally
from aepipe.errors import DataError, ParameterError
from aepipe.io.names import printable_name

MIN_IMAGES = 2
MAX_SHOWN = 20
ANOTHER_CLASS = "of another class"
NO_CLASS = "of no class, with normal ones named"


@dataclass(frozen=True)
class Described:
    """Images of one's own and what is known about each, in the order of the index's rows that have pixels.

    Attributes:
        rows: Of the index.
        block_keys: Keys of the blocks.
        arrays: By name: `places` of the images in the blocks, and `whites`, `labels`, `parts`, `files` and `anomalous`
            where the images need them; of the clean ones that they are to become, `clean_places` and `clean_whites`.
        values: What all images have.
        label_names: A name for each class.
        account: What was taken and left out.
    """

    rows: list[Row]
    block_keys: tuple[str, ...]
    arrays: Mapping[str, np.ndarray]
    values: Values
    label_names: tuple[str, ...]
    account: Account


def place_images(images: Sequence[Row], listing: Listing, arrangement: Arrangement) -> Layout:
    """Note what the layout says of each image; return it.

    Args:
        images: Rows of images.
        listing: Where they are from.
        arrangement: How that is understood.
    """
    names = {path_of(member.name): member.name for member in listing.members}
    layout = arrangement.arrange([names[file_of(row)] + row["path"].removeprefix(file_of(row)) for row in images])
    for row, place in zip(images, layout.places, strict=True):
        row |= {
            "class": place.image_class,
            "kind": place.kind,
            "mask": None if place.mask is None else path_of(place.mask),
            "group": None if place.group is None else path_of(place.group),
            "part": place.part,
        }
    return layout


@dataclass(frozen=True)
class Seen:
    """What lies at a place, each picture by itself.

    Attributes:
        rows: Of each file, by path, in their places of the layout; each reader has its own.
        listed: What the listing passed over.
        num_files: What lies there, whatever it is.
        notes: How the place was understood.
    """

    rows: list[Row]
    listed: Tally
    num_files: int
    notes: Sequence[str] = ()


def passed_over(listing: Listing, arrangement: Arrangement) -> Tally:
    """Return what gave no row of its own: files that are no pictures, and those that the table alone knows."""
    tally = listing.tally.copy()
    arrangement.count(tally)
    return tally


def describe(location: str, seen: Seen, form: Form, settings: PictureSettings, clean: Seen | None = None) -> Described:
    """Return what is known of all images together: their classes and parts, and which of them are equal.

    Args:
        location: Where they are from.
        seen: What lies there; rows of images are changed.
        form: What the pictures were brought to.
        settings: What was chosen of them.
        clean: The clean pictures that they are to become; None where they stay what they are.

    Raises:
        DataError: there are too few images.
        ParameterError: no image is of a class that was chosen.
    """
    rows, listed = seen.rows, seen.listed.copy()
    targets = {} if clean is None else pair_up(rows, clean.rows, listed)
    images, others = [row for row in rows if row["state"] == OK], [row for row in rows if row["state"] != OK]
    images, not_chosen = _chosen(images, settings)
    tally = listed.copy()
    tally_rows(others, tally)
    if len(images) < MIN_IMAGES:
        raise DataError(
            f"A data set must have at least {MIN_IMAGES} usable images.",
            WAY_OUT,
            location=location,
            num_images=len(images),
            num_files=seen.num_files,
            reasons=[one.short for one in tally.left_out()],
        )
    duplicates = _mark_duplicates(images)
    clean_images = [targets[row["path"]] for row in images if targets]
    values = values_of([*images, *clean_images], settings.color == "rgb")
    labels, label_names = _labels_of(images)
    keys, arrays = _arrays_of(images, clean_images, values)
    account = account_of(images, duplicates, tally, seen.num_files, form, values, seen.notes)
    if labels is not None:
        arrays["labels"] = labels
    if account.parts:
        arrays["parts"] = np.array([row.get("part") or "" for row in images])
    if any(row.get("kind") == ANOMALOUS for row in images):
        arrays["anomalous"] = np.array([row.get("kind") == ANOMALOUS for row in images])
    everything = [*images, *not_chosen, *others, *_passed_over(listed, rows)]
    return Described(_finished(everything), keys, arrays, values, label_names, account)


def _chosen(images: list[Row], settings: PictureSettings) -> tuple[list[Row], list[Row]]:
    """Return the images that are taken, and the others, which keep their pixels for who chooses them.

    Where normal classes are named, what is taken has its kind from then on.
    """
    if settings.class_name is not None:
        _check_classes(images, [settings.class_name])
        return _taken([row.get("class") == settings.class_name for row in images], images, ANOTHER_CLASS)
    if settings.classes is None:
        return images, []
    _check_classes(images, settings.classes)
    for row in images:
        row["kind"] = NORMAL if row.get("class") in settings.classes else ANOMALOUS
    return _taken([row.get("class") is not None for row in images], images, NO_CLASS)


def _check_classes(images: Sequence[Row], class_names: Sequence[str]) -> None:
    classes = sorted({row["class"] for row in images if row.get("class") is not None})
    for class_name in class_names:
        if class_name not in classes:
            raise ParameterError(
                f"The class must be one of the images': {', '.join(classes[:MAX_SHOWN]) or 'they have none'}.",
                class_name=class_name,
            )


def _taken(is_taken: Sequence[bool], images: Sequence[Row], reason: str) -> tuple[list[Row], list[Row]]:
    """Return the images that are taken, and the others with the reason."""
    taken = [row for row, is_one in zip(images, is_taken, strict=True) if is_one]
    others = [row for row, is_one in zip(images, is_taken, strict=True) if not is_one]
    return taken, [{**row, "state": LEFT_OUT, "reason": reason} for row in others]


def _mark_duplicates(images: Sequence[Row]) -> list[str]:
    """Let images of equal pixels share a place, and return a sentence for each that another one comes before."""
    first: dict[str, Row] = {}
    said = []
    for row in images:
        other = first.setdefault(row["pixels_sha256"], row)
        if other is not row:
            place = {name: other[name] for name in ("block", "block_row", "channels", "depth")}
            row |= {"state": DUPLICATE, "reason": other["path"], **place}
            said.append(f"{printable_name(row['path'])} equals {printable_name(other['path'])}")
    return said


def _labels_of(images: Sequence[Row]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return a number for the class of each, and the classes' names; None where some have none."""
    if any(row.get("class") is None for row in images):
        return None, ()
    names = sorted({row["class"] for row in images}, key=lambda name: (int(name) if name.isdecimal() else -1, name))
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[row["class"]] for row in images], np.int64), tuple(names)


def _arrays_of(
    images: Sequence[Row], clean: Sequence[Row], values: Values
) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """Return the keys of the blocks, and by name which is whose: first those of the images, then of clean ones."""
    keys, blocks = np.unique([row["block"] for row in (*images, *clean)], return_inverse=True)
    arrays = _places_of(images, blocks[: len(images)], values)
    if clean:
        arrays |= {f"clean_{name}": array for name, array in _places_of(clean, blocks[len(images) :], values).items()}
    if any(row["page"] is not None for row in images):
        numbers = {file: number for number, file in enumerate(dict.fromkeys(file_of(row) for row in images), 1)}
        arrays["files"] = np.array([numbers[file_of(row)] for row in images])
    return tuple(str(key) for key in keys), arrays


def _places_of(rows: Sequence[Row], blocks: np.ndarray, values: Values) -> dict[str, np.ndarray]:
    """Return which row of which block each image is, and its value of white where that is not the set's."""
    arrays = {"places": np.stack([blocks, [row["block_row"] for row in rows]], axis=1).astype(np.int64)}
    whites = np.array([values.white if row["depth"] == DEEP else WHITE for row in rows], np.uint16)
    return arrays if values.dtype == "float32" or np.all(whites == values.white) else {**arrays, "whites": whites}


def _passed_over(listed: Tally, rows: Sequence[Row]) -> list[Row]:
    """Return a row for what a listing left out."""
    known = {row["path"] for row in rows}
    found = ({"path": path_of(name), **left_out(reason, count=count)} for reason, name, count in listed)
    return [row for row in found if row["path"] not in known]


def _finished(rows: Iterable[Row]) -> list[Row]:
    """Return the rows as an index has them."""
    found = sorted(rows, key=lambda row: row["path"])
    for row in found:
        row["part"] = row.get("part") or "none"
    return found
