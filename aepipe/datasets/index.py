"""Index of a data set of one's own: a row for each file, or page of one, that was found. One Parquet table.

It is the truth about what was trained and tested on: reports, checks, the gate and the next run read it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from aepipe.errors import CorruptObjectError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCHEMA_VERSION = 1
VERSION_KEY = b"aepipe.schema_version"

State = Literal["ok", "broken", "duplicate", "left out"]
Kind = Literal["normal", "anomalous", "unknown"]
OK, BROKEN, DUPLICATE, LEFT_OUT = "ok", "broken", "duplicate", "left out"
NORMAL: Final = "normal"
ANOMALOUS: Final = "anomalous"
UNKNOWN: Final = "unknown"
# Of images that give pixels: a duplicate is one whose pixels an earlier path has too.
WITH_PIXELS = (OK, DUPLICATE)

# What each column holds, in its order, and the Arrow type of it.
COLUMNS: Mapping[str, tuple[str, str]] = {
    "path": ("string", "Below the place that the user named, with slashes; #number behind it for a page."),
    "bytes_sha256": ("string", "Of the file; null where it was never read."),
    "pixels_sha256": ("string", "Of the decoded pixels at the file's own size; null where there are none."),
    "height": ("int32", "The file's own, upright, in pixels."),
    "width": ("int32", "The file's own, upright, in pixels."),
    "page": ("int32", "Number of the page or frame, where the file has several."),
    "mode": ("string", "How the file keeps pixels, in Pillow's words."),
    "bits": ("int16", "Bits of a channel that are used."),
    "bulk_bits": ("int16", "Bits that nearly all of its pixels need."),
    "treatment": ("string", "What was done to its pixels, such as turned or on white; null where nothing."),
    "class": ("string", "Null where there are none."),
    "kind": ("string", "normal, anomalous or unknown."),
    "mask": ("string", "Path of the picture of what is wrong with it, or null."),
    "group": ("string", "Images of one group are in one part; null for an image of its own."),
    "part": ("string", "train, validation, test or none; before the split, the one that the user's folders name."),
    "state": ("string", "ok, broken, duplicate or left out."),
    "reason": ("string", "Why it is broken or left out, or of which path it is a duplicate; null where ok."),
    "size_bytes": ("int64", "The file's length."),
    "version": ("string", "What changes with the file without reading it: time of writing, or ETag; null if unknown."),
    "block": ("string", "Key of the block that has its pixels, or null."),
    "block_row": ("int64", "Its row there, or null."),
    "channels": ("int8", "1 or 3, of the pixels there."),
    "depth": ("int8", "Bits of a value there: 8, 16, or 32 of a float."),
    "clean": ("string", "Path of the clean picture that it is to become, below the place of those, or null."),
    "clean_sha256": ("string", "Of the decoded pixels of that one."),
}


@dataclass(frozen=True)
class Index:
    """The table, and what is known of all of it.

    Attributes:
        rows: A pandas frame with `COLUMNS`, sorted by path; texts are of type str with None for null.
        facts: Texts by name, as the settings that the pixels depend on; kept in the file's metadata.
    """

    rows: "pd.DataFrame"
    facts: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def files(self) -> "pd.Series":
        """The file of each row: its path without the number of a page."""
        path, page = self.rows["path"], self.rows["page"]
        return path.where(page.isna(), path.str.rpartition("#")[0])

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield each row by the names of the columns."""
        columns = [self.rows[name].tolist() for name in COLUMNS]
        return (dict(zip(COLUMNS, values, strict=True)) for values in zip(*columns, strict=True))

    @property
    def images(self) -> "pd.DataFrame":
        """The rows that have pixels, in the order of the data set's images."""
        return self.rows[self.rows["state"].isin(WITH_PIXELS)]

    def with_column(self, name: str, values: Iterable[Any]) -> "Index":
        """Return the index with one column replaced."""
        return replace(self, rows=self.rows.assign(**{name: list(values)}))


def make_index(rows: Iterable[Mapping[str, Any]], facts: Mapping[str, str] | None = None) -> Index:
    """Return an index of rows by column; columns that a row does not name are null, `kind` unknown, `part` none."""
    import pandas as pd

    found = [{"kind": UNKNOWN, "part": "none", **row} for row in rows]
    columns = {name: [row.get(name) for row in found] for name in COLUMNS}
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    return Index(frame.sort_values("path", kind="stable", ignore_index=True), dict(facts or {}))


def blocks_of(index: Index) -> set[str]:
    """Return the keys of the blocks that an index needs."""
    return {key for key in index.rows["block"] if key is not None}


def write_index(index: Index, path: Path) -> None:
    """Write an index as Parquet; equal indices are equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    metadata = {name.encode(): value.encode() for name, value in sorted(index.facts.items())}
    schema = _schema().with_metadata({VERSION_KEY: str(SCHEMA_VERSION).encode(), **metadata})
    rows = index.rows
    arrays = [pa.array(rows[name].tolist(), schema.field(name).type, from_pandas=True) for name in COLUMNS]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path, compression="zstd")


def read_index(path: Path) -> Index:
    """Return the index in a file; columns that an older version did not have are null, further ones are left.

    Raises:
        CorruptObjectError: it is no such table, or one of a newer version.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise CorruptObjectError("An index must be a Parquet table.", path=str(path), reason=str(error)) from None
    metadata = dict(table.schema.metadata or {})
    version = metadata.pop(VERSION_KEY, b"0")
    if not version.isdigit() or int(version) > SCHEMA_VERSION or "path" not in table.column_names:
        raise CorruptObjectError(
            "An index must be one that this version of aepipe reads.",
            "Update aepipe.",
            path=str(path),
            schema_version=version.decode(errors="replace"),
        )
    nothing = [None] * table.num_rows
    columns = {name: table[name].to_pylist() if name in table.column_names else nothing for name in COLUMNS}
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    facts = {
        key.decode(): value.decode() for key, value in metadata.items() if not key.startswith((b"ARROW", b"pandas"))
    }
    return Index(frame, facts)


def _schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([pa.field(name, pa.type_for_alias(kind)) for name, (kind, _) in COLUMNS.items()])
