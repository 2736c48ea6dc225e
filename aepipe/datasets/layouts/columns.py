"""Columns of a table of images: what each is about, by what people call it, and what its cells may say."""

import re
from collections.abc import Mapping, Sequence

from aepipe.datasets.index import ANOMALOUS, NORMAL, UNKNOWN, Kind
from aepipe.datasets.layouts.words import is_anomalous, is_normal, part_of_word
from aepipe.errors import DataError
from aepipe.io.names import printable_name

# What a column may be called, by what it is about: in lower case, with _ between words.
NAMES: Mapping[str, str] = {
    "path": "path file filename file_name filepath file_path image image_path image_file image_name img img_path",
    "class": "class label category class_name target",
    "part": "part split subset set partition",
    "group": "group patient patient_id subject subject_id person person_id case case_id series slide slide_id",
    "kind": "kind anomaly anomalous is_anomaly is_anomalous defective is_defective",
    "mask": "mask mask_path mask_file mask_name segmentation",
}
EMPTY = ("", "none", "unknown")
NO, YES = ("0", "false", "no"), ("1", "true", "yes")


def columns_of(header: Sequence[str]) -> dict[str, list[int]]:
    """Return which columns are about what; only what there is a column for."""
    found: dict[str, list[int]] = {}
    for number, name in enumerate(header):
        word = re.sub("[ -]+", "_", name.strip().lower())
        for about, names in NAMES.items():
            if word in names.split():
                found.setdefault(about, []).append(number)
    return found


def check_columns(table: str, header: Sequence[str]) -> dict[str, int]:
    """Return the column for each thing.

    Raises:
        DataError: there is none with paths, or two are about one thing.
    """
    columns = columns_of(header)
    if "path" not in columns:
        raise DataError(
            f"A table of images must have a column with their paths, called {', '.join(NAMES['path'].split())}.",
            table=printable_name(table),
            columns=list(header),
        )
    for about, numbers in columns.items():
        if len(numbers) > 1:
            raise DataError(
                f"A table must have one column for the {about} of an image.",
                "Rename or remove the others.",
                table=printable_name(table),
                columns=[header[number] for number in numbers],
            )
    return {about: numbers[0] for about, numbers in columns.items()}


def part_in(cell: str) -> str | None:
    """Return the part that a cell names, empty for none; None for a word that is no part."""
    return "" if cell.lower() in EMPTY else part_of_word(cell)


def kind_in(cell: str) -> Kind | None:
    """Return the kind that a cell names, or answers: is it anomalous? None for another word."""
    word = cell.lower()
    if word in EMPTY:
        return UNKNOWN
    if word in NO or is_normal(word):
        return NORMAL
    return ANOMALOUS if word in YES or is_anomalous(word) else None
