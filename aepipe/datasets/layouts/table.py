"""Layout table: a file among the images has a row for each. What it has no column for, the folders say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aepipe.datasets.index import ANOMALOUS
from aepipe.datasets.layouts.files import FilesByPath, common_folder
from aepipe.datasets.layouts.layout import Layout, Place
from aepipe.datasets.layouts.masks import find_masks
from aepipe.datasets.layouts.rows import ImageTable, Row
from aepipe.datasets.layouts.words import kinds_of
from aepipe.io.names import printable_name
from aepipe.notation import counted

MAX_SHOWN = 5
TRAINED = ("train", "validation")
# What a place has of a column.
FIELDS = {"class": "image_class", "kind": "kind", "part": "part", "group": "group"}


@dataclass(frozen=True)
class TableOfFiles:
    """A table beside the files that it names.

    Attributes:
        table: The table.
        rows: By the file that each names.
        masks: The mask of a file, by the file.
        missing: The rows that name a file which is not there.
        lost_masks: The rows whose mask is not there.
    """

    table: ImageTable
    rows: Mapping[str, Row]
    masks: Mapping[str, str]
    missing: tuple[Row, ...]
    lost_masks: tuple[Row, ...]


def match_files(table: ImageTable, names: Sequence[str]) -> TableOfFiles:
    """Return the files of these names that a table names.

    Paths begin at the table's own folder, at the top, or at the folder that all pictures share: wherever most of them
    are there. Masks may lie elsewhere.

    Raises:
        DataError: two rows name one file, or a row's mask is another row's image.
    """
    by_path, known_masks = FilesByPath(names), find_masks(names)
    pictures = common_folder(name for name in names if name not in known_masks)
    files = by_path.find([row.path for row in table.rows], (table.folder, "", pictures))
    masks = by_path.find([row.place.mask for row in table.rows], (table.folder, "", common_folder(known_masks)))
    by_file: dict[str, Row] = {}
    for row, file in zip(table.rows, files, strict=True):
        if file is not None and by_file.setdefault(file, row) is not row:
            numbers = [by_file[file].number, row.number]
            raise table.fault("A table must name each file once.", file=printable_name(file), rows=numbers)
    for row, mask in zip(table.rows, masks, strict=True):
        if mask in by_file:
            raise table.fault("A mask must be no image of the table.", row=row.number, mask=printable_name(mask))
    together = list(zip(table.rows, files, masks, strict=True))
    return TableOfFiles(
        table=table,
        rows=by_file,
        masks={file: mask for _, file, mask in together if file is not None and mask is not None},
        missing=tuple(row for row, file, _ in together if file is None),
        lost_masks=tuple(row for row, _, mask in together if row.place.mask is not None and mask is None),
    )


def arrange_by_table(found: TableOfFiles, files: Sequence[str], folders: Layout) -> Layout:
    """Return the layout of files that a table names.

    Args:
        found: The table.
        files: Those that images were taken from; one for each image.
        folders: What the folders say of the same images.
    """
    rows = [found.rows[file].place for file in files]
    fields = _fields(found.table.columns)
    places = [
        replace(folder, **{field: getattr(row, field) for field in fields})
        for row, folder in zip(rows, folders.places, strict=True)
    ]
    if "kind" not in found.table.columns:
        places = _with_kinds(places)
    return Layout("table", tuple(places), tuple(_notes(found, folders)))


def _fields(columns: Mapping[str, str]) -> list[str]:
    """Return what of a place the table decides; the folders' guess at kinds goes with their classes and parts."""
    fields = [field for about, field in FIELDS.items() if about in columns]
    return fields if columns.keys().isdisjoint(("class", "part")) else [*fields, "kind"]


def _with_kinds(places: Sequence[Place]) -> list[Place]:
    """Return places with the kinds that classes such as good and bad mean, unless some of the bad ones are to train."""
    kinds = kinds_of(place.image_class or "" for place in places)
    if kinds is None:
        return list(places)
    meant = [replace(place, kind=kinds[place.image_class or ""]) for place in places]
    return list(places) if any(place.kind == ANOMALOUS and place.part in TRAINED for place in meant) else meant


def _notes(found: TableOfFiles, folders: Layout) -> Iterator[str]:
    table, shown = found.table, []
    for about, title in table.columns.items():
        shown.append(about if about == title.lower() else f"{about} ({printable_name(title)})")
    yield f"{counted(len(found.rows), 'file')} by {table.name}, with columns for {', '.join(shown)}"
    if table.ignored:
        yield f"columns of the table that nothing is made of: {_several(table.ignored)}"
    given = {"class": folders.classes, "part": folders.parts}
    rest = [about for about, values in given.items() if values is not None and about not in table.columns]
    if rest:
        yield f"the folders say what the table does not: {' and '.join(rest)}"
    if found.lost_masks:
        rows = _several(f"row {row.number}: {row.place.mask}" for row in found.lost_masks)
        yield f"masks that the table names and that are not there: {rows}"


def _several(names: Iterable[str]) -> str:
    names = [printable_name(name) for name in names]
    more = f", and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    return ", ".join(names[:MAX_SHOWN]) + more
