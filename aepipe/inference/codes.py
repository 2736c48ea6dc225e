"""Tables of codes: a row for each picture with its code, and a row with its reason for each file that gave none.

A code is one column of lists, not a column for each of its values: the table has the same columns whatever the model's
code size, DuckDB compares lists (`list_cosine_distance`), and the column is one block of memory that becomes a matrix
for NumPy, scikit-learn or faiss without a copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aepipe.datasets.own.rows import path_of
from aepipe.errors import CorruptObjectError, DataError, ParameterError
from aepipe.inference.pictures import Picture, Unreadable
from aepipe.inference.scored import BROKEN, OK
from aepipe.results.manifest import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

CODES_FILE, CODES_ARRAY = TABLES["encode"], "codes.npy"
TEXTS = ("path", "digest", "model", "release", "state", "reason")


@dataclass(frozen=True)
class Row:
    """One picture that there is a code of.

    Attributes:
        path: As the table has it.
        digest: sha256 of its bytes.
        source: The place that the path is below; None where the table alone is there.
    """

    path: str
    digest: str
    source: str | None = None


@dataclass(frozen=True)
class Codes:
    """Codes of pictures by one model of one release.

    Attributes:
        model: The model's name.
        release: The release's id.
        rows: The pictures.
        values: float32 (num_pictures, code_size).
    """

    model: str
    release: str
    rows: Sequence[Row]
    values: np.ndarray


class CodesTable:
    """A table that is written batch by batch: no more than a batch is in memory."""

    def __init__(self, path: Path, model: str, release: str, code_size: int):
        import pyarrow.parquet as pq

        self._model, self._release, self._code_size, self._schema = model, release, code_size, _schema(code_size)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def __enter__(self) -> "CodesTable":
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()

    def add(self, found: Sequence[Picture | Unreadable], codes: np.ndarray) -> None:
        """Write rows; codes are those of the pictures among them, (num_pictures, code_size), in their order."""
        import pyarrow as pa

        is_picture = np.array([isinstance(one, Picture) for one in found], bool)
        values = np.zeros((len(found), self._code_size), np.float32)
        values[is_picture] = codes
        columns = {
            "path": [path_of(one.path) for one in found],
            "digest": [one.digest for one in found],
            "model": [self._model] * len(found),
            "release": [self._release] * len(found),
            "state": [OK if isinstance(one, Picture) else BROKEN for one in found],
            "reason": [None if isinstance(one, Picture) else one.reason for one in found],
            "code": pa.FixedSizeListArray.from_arrays(values.ravel(), self._code_size, mask=pa.array(~is_picture)),
        }
        self._writer.write_table(pa.table(columns, self._schema))


def read_codes(path: Path, source: str | None = None) -> Codes:
    """Return the codes in a table, without the rows that have none.

    Args:
        path: The Parquet file.
        source: The place that its pictures lay at.

    Raises:
        CorruptObjectError: it is no such table.
        ParameterError: its codes are of several models or releases.
        DataError: it has no code.
    """
    table = _read(path)
    made_by = {(row["model"], row["release"]) for row in table.select(["model", "release"]).to_pylist()}
    if len(made_by) > 1:
        raise ParameterError(
            "Codes are compared with those of the same model and release.",
            "Name the codes of one.",
            codes=str(path),
            found=[f"{model} of {release}" for model, release in sorted(made_by)],
        )
    table = table.filter(table["code"].is_valid())
    if not len(table):
        raise DataError("A table of codes has at least one.", "Encode some pictures first.", codes=str(path))
    ((model, release),) = made_by
    rows = [Row(row["path"], row["digest"], source) for row in table.select(["path", "digest"]).to_pylist()]
    return Codes(model, release, rows, as_matrix(table["code"]))


def as_matrix(column: "pa.ChunkedArray") -> np.ndarray:
    """Return a column of codes, none of which is null, as float32 (num_pictures, code_size)."""
    whole = column.combine_chunks()
    flat = whole.flatten().to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(flat.reshape(len(whole), -1), np.float32)


def write_array(table: Path, path: Path) -> None:
    """Write the codes of a table as an array, a batch at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(table) as file:
        count = sum(batch.column("state").to_pylist().count(OK) for batch in file.iter_batches(columns=["state"]))
        code_size = file.schema_arrow.field("code").type.list_size
        array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(count, code_size))
        first = 0
        for batch in file.iter_batches(columns=["code"]):
            codes = batch.column("code").drop_null()
            array[first : first + len(codes)] = codes.flatten().to_numpy().reshape(-1, code_size)
            first += len(codes)
        array.flush()


def joined(some: Sequence[Codes]) -> Codes:
    """Return codes of one model and release in one; of a picture that is there twice under its path, the first."""
    rows = [(row, number, place) for number, codes in enumerate(some) for place, row in enumerate(codes.rows)]
    first = {(row.path, row.digest): (row, number, place) for row, number, place in reversed(rows)}
    kept = sorted(first.values(), key=lambda found: found[1:])
    values = np.stack([some[number].values[place] for _, number, place in kept])
    return Codes(some[0].model, some[0].release, [row for row, _, _ in kept], values)


def _read(path: Path) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise CorruptObjectError(
            "Codes are a Parquet table that aepipe encode wrote.", path=str(path), reason=str(error)
        ) from None
    missing = [name for name in (*TEXTS, "code") if name not in table.column_names]
    if missing:
        raise CorruptObjectError(
            "Codes are a Parquet table that aepipe encode wrote.",
            "Name its codes.parquet, or the folder of it.",
            path=str(path),
            missing=missing,
        )
    return table


def _schema(code_size: int) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([*((name, pa.string()) for name in TEXTS), ("code", pa.list_(pa.float32(), code_size))])
