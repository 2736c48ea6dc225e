"""Taking of a data set of one's own: from a place and the index before to an index, with the pixels in blocks."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from aepipe.datasets.formats.fitting import Size, choose_size
from aepipe.datasets.formats.members import Listing, Member
from aepipe.datasets.formats.pictures import quiet, size_of
from aepipe.datasets.index import Index
from aepipe.datasets.layouts import Arrangement, open_layout
from aepipe.datasets.locations import open_listing
from aepipe.datasets.own.files import Counts, Files, rows_before
from aepipe.datasets.own.keeping import Blocks
from aepipe.datasets.own.reading import NETWORK_THREADS, Kept, kept_of
from aepipe.datasets.own.rows import Row
from aepipe.datasets.own_settings import OwnSettings
from aepipe.datasets.picture_settings import AUTO, PictureSettings, parse_size
from aepipe.errors import BrokenFileError, ChangedDataError
from aepipe.io.temporary import temporary_folder

# Files that are written while they are read: the next listing has them as they are then, and only they are read again.
TRIES = 3
# So many pictures, evenly spaced, say what size the others have.
MAX_LOOKED_AT = 256
# In an index's facts: the size that its pictures were brought to.
SIZE = "size"


@dataclass(frozen=True)
class Taken:
    """The files of a place, as they were when they were listed.

    Attributes:
        listing: What lies there.
        arrangement: How it is understood.
        rows: Of each picture, by path, and of each file that gave none.
        kept: What is taken of each.
        counts: What reading them came to.
    """

    listing: Listing
    arrangement: Arrangement
    rows: list[Row]
    kept: Kept
    counts: Counts


def take_files(
    location: str, settings: OwnSettings, version: str, blocks: Blocks, before: Index | None = None
) -> Taken:
    """Read what a place has that the index before has not.

    Args:
        location: The place, of files.
        settings: What was chosen of the pictures, and of how they lie there.
        version: Changes when pictures are decoded otherwise.
        blocks: Where their pixels are kept.
        before: What was taken before; None reads everything.

    Raises:
        DataError: the place or a file can't be read.
        ChangedDataError: files were written or removed all the time.
        StoreError: S3 does not give one's own images.
    """
    kept = _kept(location, settings, version, before)
    known = rows_before(before, kept.name, blocks.sizes(kept.name)) if before is not None else {}
    with temporary_folder("blocks") as folder:
        files = Files(kept, blocks, folder, known)
        for _ in range(TRIES - 1):
            with suppress(ChangedDataError):
                return _take(location, settings, files)
        return _take(location, settings, files)


def _take(location: str, settings: OwnSettings, files: Files) -> Taken:
    with open_listing(location) as listing:
        arrangement = open_layout(listing, settings)
        rows, counts = files.read(listing, arrangement.left_out)
        return Taken(listing, arrangement, rows, files.kept, counts)


def _kept(location: str, settings: PictureSettings, version: str, before: Index | None) -> Kept:
    """Return what is taken of each picture; a size that nobody chose stays what it was."""
    size = settings.chosen_size or parse_size(before.facts.get(SIZE, AUTO) if before is not None else AUTO)
    return kept_of(size or _look(location), settings, version)


def _look(location: str) -> Size:
    """Return the size that suits the pictures of a place."""
    with open_listing(location) as listing, quiet(), ThreadPoolExecutor(NETWORK_THREADS) as pool:
        some = listing.members[:: -(-len(listing.members) // MAX_LOOKED_AT) or 1]
        found = Counter(size for size in pool.map(_size, some) if size is not None)
    return choose_size(found) if found else (1, 1)


def _size(member: Member) -> Size | None:
    try:
        return size_of(member.read())
    except (BrokenFileError, ChangedDataError):
        # Reading it again says so.
        return None
