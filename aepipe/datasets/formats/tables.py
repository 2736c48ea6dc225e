"""Tables that a user keeps beside images: CSV, TSV and Parquet, as texts with the number of each row."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aepipe.errors import DataError
from aepipe.io.names import printable_name

if TYPE_CHECKING:
    import pyarrow.parquet as pq

DELIMITERS = "\t,;|"
MAX_ROWS = 2_000_000
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
HEADER_BYTES = 1 << 16

Cells = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of texts; what a row has none for is empty.

    Attributes:
        header: The names of the columns.
        rows: The number of each, as a spreadsheet shows it, and as many cells as there are columns.
    """

    header: Cells
    rows: tuple[tuple[int, Cells], ...]


def header_of(name: str, data: bytes) -> Cells:
    """Return the names of a table's columns; none where the bytes are no table, whatever is wrong further down."""
    try:
        if _is_parquet(name):
            return tuple(_open_parquet(name, data).schema_arrow.names)
        encoding = "utf-16" if data.startswith(UTF16_MARKS) else "utf-8-sig"
        lines = data[:HEADER_BYTES].decode(encoding, "replace").splitlines()
        return next((cells for _, cells in _numbered_cells(lines[0])), ()) if lines else ()
    except DataError:
        return ()


def read_table(name: str, data: bytes) -> Table:
    """Return a table.

    Raises:
        DataError: it can't be read, has no rows, or has some that do not fit its header.
    """
    table = _read_parquet(name, data) if _is_parquet(name) else _read_text(name, data)
    if not table.rows:
        raise DataError("A table must have a row for each image.", table=printable_name(name), num_rows=0)
    return table


def _read_text(name: str, data: bytes) -> Table:
    rows = list(_numbered_cells(_decoded(name, data)))
    header = rows[0][1] if rows else ()
    return Table(header, tuple((number, _fitted(name, number, cells, len(header))) for number, cells in rows[1:]))


def _decoded(name: str, data: bytes) -> str:
    if data.startswith(UTF16_MARKS):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            "A table must be text in UTF-8.",
            "Save it as UTF-8: spreadsheets call that CSV UTF-8.",
            table=printable_name(name),
            row=data.count(b"\n", 0, error.start) + 1,
            byte=f"0x{data[error.start]:02x}",
        ) from None


def _numbered_cells(text: str) -> Iterator[tuple[int, Cells]]:
    """Yield number and cells of all rows but empty ones, divided by what divides the first one most."""
    first = text.lstrip().partition("\n")[0]
    delimiter = max(DELIMITERS, key=lambda one: len(next(csv.reader([first], delimiter=one), ())))
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1):
            if any(cells):
                yield number, tuple(cell.strip() for cell in cells)
    except csv.Error as error:
        raise DataError("A table must be rows of cells.", reason=str(error)) from None


def _fitted(name: str, number: int, cells: Cells, num_columns: int) -> Cells:
    """Return a row with as many cells as the header has; empty ones too many at the end are dropped."""
    if len(cells) < num_columns or any(cells[num_columns:]):
        raise DataError(
            "A row of a table must have a cell for each name in its first row.",
            "Put quotes around cells with a delimiter in them.",
            table=printable_name(name),
            row=number,
            num_cells=len(cells),
            num_names=num_columns,
        )
    return cells[:num_columns]


def _is_parquet(name: str) -> bool:
    return name.lower().endswith(".parquet")


def _open_parquet(name: str, data: bytes) -> "pq.ParquetFile":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError("It must be a Parquet file.", table=printable_name(name), reason=reason) from None


def _read_parquet(name: str, data: bytes) -> Table:
    import pyarrow as pa

    file = _open_parquet(name, data)
    # The announced number is small in bytes whatever it is, as equal values are kept once.
    if file.metadata.num_rows > MAX_ROWS:
        raise DataError(
            f"A table must have at most {MAX_ROWS} rows.", table=printable_name(name), num_rows=file.metadata.num_rows
        )
    header = [field.name for field in file.schema_arrow if not pa.types.is_nested(field.type)]
    try:
        columns = file.read(columns=header)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError("It must be a Parquet file.", table=printable_name(name), reason=reason) from None
    texts = [[_text(value) for value in column.to_pylist()] for column in columns.columns]
    return Table(tuple(columns.column_names), tuple(enumerate(zip(*texts, strict=True), 1)))


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value).strip()
