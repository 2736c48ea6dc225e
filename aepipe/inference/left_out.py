"""Pictures that other results came to meanwhile, taken out of the table of results that are about to be completed."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aepipe.inference.pictures import Pictures
from aepipe.inference.scored import OK
from aepipe.results import Use

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Left:
    """Rows of a table, after some were taken out.

    Attributes:
        num_pictures: Those that came to something.
        num_unreadable: Those of files that no picture could be read from.
        gone: The rows that were taken out.
    """

    num_pictures: int
    num_unreadable: int
    gone: "pa.Table"

    @property
    def num_gone(self) -> int:
        """How many were taken out."""
        return len(self.gone)

    def describe(self, use: Use, pictures: Pictures) -> Use:
        """Return what the results say now; the account of the pictures counts those that are gone as skipped."""
        pictures.num_skipped += self.num_gone
        counts = {"num_pictures": self.num_pictures, "num_unreadable": self.num_unreadable}
        return use.model_copy(update={**counts, "num_skipped": pictures.num_skipped})


def drop_rows(path: Path, digests: Collection[str]) -> Left:
    """Take rows with these digests out of a table; where it has none of them, it stays as it is."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    is_known = pc.is_in(table["digest"], pa.array(list(digests), pa.string()))
    left, gone = table.filter(pc.invert(is_known)), table.filter(is_known)
    if len(gone):
        pq.write_table(left, path, compression="zstd")
    num_pictures = pc.sum(pc.equal(left["state"], OK)).as_py() or 0
    return Left(num_pictures, len(left) - num_pictures, gone)
