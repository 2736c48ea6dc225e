"""Rows of a table of images, each checked by itself."""

import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aepipe.datasets.formats.tables import Cells, read_table
from aepipe.datasets.index import ANOMALOUS
from aepipe.datasets.layouts.columns import check_columns, columns_of, kind_in, part_in
from aepipe.datasets.layouts.layout import Place
from aepipe.datasets.layouts.words import part_of_word
from aepipe.datasets.spec import join_digests
from aepipe.errors import DataError
from aepipe.io.names import printable_name

# Where a part comes from that no column has.
BY_NAME = "the table's name"
# A root, a drive of Windows, or an address.
ABSOLUTE = re.compile(r"/|[a-z][a-z0-9+.-]*:/", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """One image by a table.

    Attributes:
        number: The row's, as a spreadsheet shows it.
        path: Of the image, with slashes; it may begin with ../ where the table lies in a folder of its own.
        place: What the table says of it; the mask as it is written there.
    """

    number: int
    path: str
    place: Place


@dataclass(frozen=True)
class ImageTable:
    """A table with a row for each image, maybe of several files.

    Attributes:
        names: Of its files, below the place that the user named, with slashes.
        sha256: Of their bytes.
        columns: What its columns are called, by what they are about.
        ignored: The columns that say nothing here.
        rows: The images.
    """

    names: tuple[str, ...]
    sha256: str
    columns: Mapping[str, str]
    ignored: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """What it is called, as it may be shown."""
        return " and ".join(printable_name(name) for name in self.names)

    @property
    def folder(self) -> str:
        """The one that it lies in; empty on top."""
        return posixpath.dirname(self.names[0])

    def fault(self, rule: str, way_out: str = "", **received: object) -> DataError:
        """Return an error about the table."""
        return DataError(rule, way_out, table=self.name, **received)


def read_image_table(name: str, data: bytes) -> ImageTable:
    """Return the table in a file.

    Raises:
        DataError: it is no table of images, or a row is not as it should be.
    """
    found = read_table(name, data)
    columns = check_columns(name, found.header)
    known = {number for numbers in columns_of(found.header).values() for number in numbers}
    table = ImageTable(
        names=(name,),
        sha256=hashlib.sha256(data).hexdigest(),
        columns={about: found.header[number] for about, number in columns.items()},
        ignored=tuple(title for number, title in enumerate(found.header) if number not in known and title),
        rows=(),
    )
    rows = (_row(table, columns, number, cells) for number, cells in found.rows)
    return replace(table, rows=tuple(rows))


def join_parts(tables: Sequence[ImageTable]) -> list[ImageTable]:
    """Return tables, with those that are called as parts are, as train.csv and test.csv, as one."""
    parts = [None if "part" in table.columns else part_of_name(table.names[0]) for table in tables]
    if "train" not in parts or len(set(parts) - {None}) < 2:
        return list(tables)
    named = [(table, part) for table, part in zip(tables, parts, strict=True) if part is not None]
    joined = ImageTable(
        names=tuple(table.names[0] for table, _ in named),
        sha256=join_digests(table.sha256 for table, _ in named),
        columns={name: title for table, _ in named for name, title in table.columns.items()} | {"part": BY_NAME},
        ignored=tuple(dict.fromkeys(title for table, _ in named for title in table.ignored)),
        rows=tuple(replace(row, place=replace(row.place, part=part)) for table, part in named for row in table.rows),
    )
    return [joined, *(table for table, part in zip(tables, parts, strict=True) if part is None)]


def part_of_name(name: str) -> str | None:
    """Return the part that a table is called as, such as train.csv; None for another name."""
    return part_of_word(posixpath.splitext(posixpath.basename(name))[0])


def _row(table: ImageTable, columns: Mapping[str, int], number: int, cells: Cells) -> Row:
    said = {about: cells[column] for about, column in columns.items()}
    part, kind = part_in(said.get("part", "")), kind_in(said.get("kind", ""))
    if part is None:
        raise table.fault("A part must be train, validation or test, or empty.", row=number, part=said["part"])
    if kind is None:
        raise table.fault("A kind must be normal or anomalous, or empty.", row=number, kind=said["kind"])
    if kind == ANOMALOUS and part in ("train", "validation"):
        way_out = "Leave its part empty, and it tests; or leave out what says that it is anomalous."
        raise table.fault("An anomalous image must not train or validate.", way_out, row=number, part=said["part"])
    image_class = printable_name(said.get("class", ""))
    return Row(
        number,
        _path(table, number, said["path"]),
        Place(image_class or None, kind, said.get("mask") or None, said.get("group") or None, part),
    )


def _path(table: ImageTable, number: int, written: str) -> str:
    """Return a path as the file system has it; Windows has another separator."""
    path = posixpath.normpath(written.replace("\\", "/")) if written else ""
    depth = table.names[0].count("/")
    if not path or ABSOLUTE.match(path) or path.split("/")[: depth + 1] == [".."] * (depth + 1):
        raise table.fault(
            "A path in a table must lead to a file among the images, from the table's own folder or from the top.",
            row=number,
            path=written,
        )
    return path
