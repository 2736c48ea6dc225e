"""Files of a data set, compared with the index before: what is new or changed is read, everything else is known."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import astuple, dataclass, field

import numpy as np

from aepipe.datasets.blocks import BLOCK_BYTES
from aepipe.datasets.formats.members import Listing, Member
from aepipe.datasets.index import OK, Index
from aepipe.datasets.own.keeping import Blocks, keep_small
from aepipe.datasets.own.processes import in_processes
from aepipe.datasets.own.reading import Done, Job, Kept, Shared, read_files
from aepipe.datasets.own.rows import NOT_DECODED, Row, file_of, path_of
from aepipe.datasets.tally import Reason

# In an index's facts: digest of what its pixels depend on beside the files.
KEPT = "kept"
# The columns that a file's own bytes do not decide.
OF_ALL_FILES = ("class", "kind", "mask", "group", "part", "clean", "clean_sha256")
# Files of a job, where pictures are small or few: blocks are not to be many, nor processes to be idle.
MAX_JOB_FILES, FEWEST_JOBS, MIN_JOB_FILES = 4096, 8, 64
# One block is kept while the next is filled.
JOB_BLOCKS = 4
# With less to read, starting processes takes longer than reading.
MIN_FILES_FOR_PROCESSES, MIN_BYTES_FOR_PROCESSES = 400, 1 << 24


@dataclass(frozen=True)
class Counts:
    """What a reading came to, in files."""

    num_files: int
    num_new: int
    num_changed: int
    num_gone: int
    num_read: int
    num_decoded: int

    def __add__(self, others: "Counts") -> "Counts":
        """Return the counts of both."""
        return Counts(*map(sum, zip(astuple(self), astuple(others), strict=True)))

    @property
    def is_nothing(self) -> bool:
        """Whether all files were known, and all that were known are there."""
        return not self.num_read and not self.num_gone

    @property
    def line(self) -> str:
        """The counts in words."""
        files = "file" if self.num_files == 1 else "files"
        return (
            f"{self.num_files:,} {files}: {self.num_new:,} new, {self.num_changed:,} changed, {self.num_gone:,} gone; "
            f"{self.num_read:,} read, {self.num_decoded:,} decoded"
        )


@dataclass
class Files:
    """What is known of the files of one data set, and how the others become known.

    Attributes:
        kept: What is taken of each.
        blocks: Where pixels are kept.
        rows: Of each file, by its path, as far as they are known.
    """

    kept: Kept
    blocks: Blocks
    rows: dict[str, list[Row]]
    _before: dict[str, list[Row]] = field(init=False)
    _read: set[str] = field(default_factory=set)
    _num_decoded: int = 0
    _small: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._before = dict(self.rows)

    def read(self, listing: Listing, left_out: Mapping[str, Reason]) -> tuple[list[Row], Counts]:
        """Return a row for each picture of a listing, by their paths, and for each file that gives none.

        What was read before an error is known from then on.

        Args:
            listing: The files.
            left_out: Why some are none of the images, by name; only their digests are wanted.

        Raises:
            ChangedDataError: a file was written or removed since it was listed.
            DataError: a file can't be read.
            StoreError: an object can't be read.
        """
        paths = {path_of(member.name): member for member in listing.members}
        reasons = {path: left_out.get(member.name) for path, member in paths.items()}
        waiting = {path: member for path, member in paths.items() if not self._is_known(path, member, reasons[path])}
        # Why bytes are no picture depends on the name, too: what is none is looked at again.
        known = {rows[0]["bytes_sha256"]: rows for rows in self.rows.values() if rows[0].get("pixels_sha256")}
        for done in self._done(list(waiting.values()), left_out, frozenset(known), listing.is_remote):
            self._take(done, known)
        rows = sorted((row for path in paths for row in self.rows[path]), key=lambda row: row["path"])
        keep_small(rows, self._small, self.kept.name, self.blocks)
        return rows, self._counts(paths.keys())

    def _is_known(self, path: str, member: Member, reason: Reason | None) -> bool:
        row = self.rows.get(path, [{"version": None}])[0]
        if row["version"] is None or (row["version"], row["size_bytes"]) != (member.version, member.size_bytes):
            return False
        return row["reason"] == reason if reason else row["reason"] not in NOT_DECODED

    def _done(
        self, members: Sequence[Member], left_out: Mapping[str, Reason], known: frozenset[str], is_remote: bool
    ) -> Iterator[Done]:
        size = self._job_files(len(members))
        pieces = [tuple(members[first : first + size]) for first in range(0, len(members), size)]
        jobs = [
            Job(some, {one.name: left_out[one.name] for one in some if one.name in left_out}, is_remote)
            for some in pieces
        ]
        shared, num_bytes = Shared(self.kept, known, self.blocks), sum(member.size_bytes for member in members)
        if len(members) < MIN_FILES_FOR_PROCESSES and num_bytes < MIN_BYTES_FOR_PROCESSES:
            return (read_files(job, shared) for job in jobs)
        return in_processes(read_files, jobs, shared)

    def _job_files(self, num_files: int) -> int:
        # Color: more of grey ones would be as well.
        of_blocks = JOB_BLOCKS * BLOCK_BYTES // (3 * int(np.prod(self.kept.form.size)))
        return max(1, min(of_blocks, MAX_JOB_FILES, max(MIN_JOB_FILES, -(-num_files // FEWEST_JOBS))))

    def _take(self, done: Done, known: dict[str, list[Row]]) -> None:
        """Know what a job has read, and keep its blocks."""
        self._num_decoded += done.num_decoded
        self._small |= done.small
        found: dict[str, list[Row]] = {}
        for row in done.rows:
            found.setdefault(file_of(row), []).append(row)
        self._read |= found.keys()
        for file, rows in found.items():
            self.rows[file] = rows if "state" in rows[0] else _renamed(known[rows[0]["bytes_sha256"]], rows[0])

    def _counts(self, paths: AbstractSet[str]) -> Counts:
        return Counts(
            num_files=len(paths),
            num_new=len(paths - self._before.keys()),
            num_changed=len(self._read & self._before.keys() & paths),
            num_gone=len(self._before.keys() - paths),
            num_read=len(self._read),
            num_decoded=self._num_decoded,
        )


def rows_before(before: Index, kept_name: str, there: Collection[str]) -> dict[str, list[Row]]:
    """Return the rows of each file that an index knows, by its path.

    Args:
        before: The index.
        kept_name: What is taken of each file now; of an index of something else nothing is known.
        there: Keys of the blocks that are still kept: a file whose pixels are lost is not known.
    """
    found: dict[str, list[Row]] = {}
    if before.facts.get(KEPT) != kept_name:
        return found
    lost = set[str]()
    for row in before.records():
        if row["bytes_sha256"] is not None:
            found.setdefault(file_of(row), []).append(_as_read(row))
            if row["block"] is not None and row["block"] not in there:
                lost.add(file_of(row))
    return {path: rows for path, rows in found.items() if path not in lost}


def _as_read(row: Row) -> Row:
    """Return a row without what follows from the other files."""
    for name in OF_ALL_FILES:
        del row[name]
    return {**row, "state": OK, "reason": None} if row["pixels_sha256"] is not None else row


def _renamed(rows: list[Row], found: Row) -> list[Row]:
    """Return the rows of equal bytes as those of another file."""
    pages = [row["path"].removeprefix(file_of(row)) for row in rows]
    return [{**row, **found, "path": found["path"] + page} for row, page in zip(rows, pages, strict=True)]
