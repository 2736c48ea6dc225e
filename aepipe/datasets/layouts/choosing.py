"""Choice of the table that describes images, among the files that lie beside them."""

import posixpath
from collections.abc import Sequence

from aepipe.datasets.formats.members import Listing, Member
from aepipe.datasets.formats.tables import header_of
from aepipe.datasets.layouts.columns import columns_of
from aepipe.datasets.layouts.files import common_folder
from aepipe.datasets.layouts.masks import find_masks
from aepipe.datasets.layouts.rows import ImageTable, join_parts, part_of_name, read_image_table
from aepipe.datasets.layouts.settings import AUTO, TABLE, LayoutSettings
from aepipe.datasets.layouts.table import TableOfFiles, match_files
from aepipe.errors import DataError
from aepipe.io.names import printable_name
from aepipe.notation import counted

Choice = tuple[TableOfFiles | None, tuple[str, ...]]
# Of the images here, a table that was not asked for must name so many, and so many of its rows must be here.
MIN_SHARE = 0.5
MAX_SHOWN = 5


def choose_table(listing: Listing, names: Sequence[str], settings: LayoutSettings) -> Choice:
    """Return the table that describes files, or None, and what is to be said of tables that do not.

    Without being asked for, it is one on top that has a column for paths, another that is known, and a row for at least
    half of the images.

    Raises:
        DataError: the table that is asked for is not there, several may be meant, or one is not as it should be.
    """
    _check_place(listing, settings)
    asked = settings.table or listing.table
    if asked is not None:
        return _open(_named(asked, listing), names), ()
    if settings.layout == TABLE:
        return _only(_found(listing, names, min_columns=1), listing), ()
    if settings.layout != AUTO:
        return None, ()
    found = _found(listing, names, min_columns=2)
    if not found:
        return None, ()
    num_images = len(names) - len(find_masks(names))
    fitting = [one for one in found if _describes(one, num_images)]
    notes = tuple(_not_taken(one, num_images) for one in found if one not in fitting)
    return (_only(fitting, listing) if fitting else None), notes


def _check_place(listing: Listing, settings: LayoutSettings) -> None:
    """Check that nothing else is asked for where the place itself is a table."""
    is_agreed = settings.layout in (AUTO, TABLE) and settings.table in (None, listing.table)
    if listing.table is not None and not is_agreed:
        raise DataError(
            "Images whose place is a table must be laid out as it says.",
            "Name the folder instead of the table, or leave out data.layout and data.table.",
            place=printable_name(listing.table),
            layout=settings.layout,
            table=settings.table,
        )


def _named(asked: str, listing: Listing) -> Member:
    name = posixpath.normpath(asked.replace("\\", "/"))
    for table in listing.tables:
        if table.name == name:
            return table
    raise DataError(
        "The table must be a CSV, TSV or Parquet file among the images.",
        table=printable_name(asked),
        tables=[printable_name(table.name) for table in listing.tables[:MAX_SHOWN]],
    )


def _candidates(listing: Listing, names: Sequence[str], min_columns: int) -> list[ImageTable]:
    """Return the tables that lie above the images, or with them, and have columns that are known.

    Of tables that are called as parts, paths are enough.
    """
    common = common_folder(names).split("/")
    found = []
    for table in listing.tables:
        folder = posixpath.dirname(table.name)
        if folder and not _begins(common, folder):
            continue
        data = table.read()
        columns = columns_of(header_of(table.name, data))
        if "path" in columns and (len(columns) >= min_columns or part_of_name(table.name)):
            found.append(read_image_table(table.name, data))
    return found


def _begins(common: Sequence[str], folder: str) -> bool:
    parts = folder.split("/")
    return list(common[: len(parts)]) == parts


def _found(listing: Listing, names: Sequence[str], min_columns: int) -> list[TableOfFiles]:
    tables = join_parts(_candidates(listing, names, min_columns))
    return [match_files(table, names) for table in tables if len(table.columns) >= min_columns]


def _open(table: Member, names: Sequence[str]) -> TableOfFiles:
    found = match_files(read_image_table(table.name, table.read()), names)
    if not found.rows:
        raise found.table.fault(
            "A table must name files that are there.",
            "Paths begin at the table's own folder, or at the folder that all images share.",
            first_path=printable_name(found.table.rows[0].path),
            images=[printable_name(name) for name in names[:MAX_SHOWN]],
        )
    return found


def _only(found: Sequence[TableOfFiles], listing: Listing) -> TableOfFiles:
    if len(found) == 1:
        return found[0]
    tables = [one.table.name for one in found] or [table.name for table in listing.tables]
    raise DataError(
        "One CSV, TSV or Parquet file with a column called path must describe the images.",
        "Name it: data.table=NAME; or let the folders say it: data.layout=classes, parts, mvtec or flat.",
        tables=[printable_name(name) for name in tables[:MAX_SHOWN]],
    )


def _describes(found: TableOfFiles, num_images: int) -> bool:
    return len(found.rows) >= MIN_SHARE * max(num_images, len(found.table.rows), 1)


def _not_taken(found: TableOfFiles, num_images: int) -> str:
    named = f"{len(found.rows)} of {counted(num_images, 'image')} by {counted(len(found.table.rows), 'row')}"
    name = found.table.name
    return f"{name} is not taken for a table of these images, as it names {named}; data.table={name} takes it"
