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
from aepipe.datasets.own.mask_picture import MaskPicture
from aepipe.datasets.own.reading import NETWORK_THREADS, Kept, kept_of
from aepipe.datasets.own.rows import Row
from aepipe.datasets.own_settings import OwnSettings
from aepipe.datasets.picture_settings import AUTO, parse_size
from aepipe.errors import BrokenFileError, ChangedDataError

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


@dataclass(frozen=True)
class Terms:
    """How pictures are taken, wherever they lie.

    Attributes:
        settings: What was chosen of the pictures, and of how they lie there.
        blocks: Where their pixels are kept.
        version: Changes when pictures are decoded otherwise.
        mask: Which of their pixels count; all where None.
    """

    settings: OwnSettings
    blocks: Blocks
    version: str
    mask: MaskPicture | None


def take_files(location: str, terms: Terms, before: Index | None = None) -> Taken:
    """Read what a place has that the index before has not.

    Args:
        location: The place, of files.
        terms: How its pictures are taken.
        before: What was taken before; None reads everything.

    Raises:
        DataError: the place or a file can't be read.
        ChangedDataError: files were written or removed all the time.
        StoreError: S3 does not give one's own images.
    """
    taking = _Taking(location, terms, before)
    for _ in range(TRIES - 1):
        with suppress(ChangedDataError):
            return taking.take()
    return taking.take()


@dataclass
class _Taking:
    """A place while it is read, maybe more than once: what was read by then stays known."""

    location: str
    terms: Terms
    before: Index | None
    files: Files | None = None

    def take(self) -> Taken:
        with open_listing(self.location) as listing:
            arrangement = open_layout(listing, self.terms.settings)
            self.files = self.files or self._files(listing)
            rows, counts = self.files.read(listing, arrangement.left_out)
            return Taken(listing, arrangement, rows, self.files.kept, counts)

    def _files(self, listing: Listing) -> Files:
        terms, before, known = self.terms, self.before, {}
        # A size that nobody chose stays what it was.
        size = terms.settings.chosen_size or parse_size(before.facts.get(SIZE, AUTO) if before is not None else AUTO)
        kept = kept_of(size or _look(listing), terms.settings, terms.version, terms.mask)
        if before is not None:
            known = rows_before(before, kept.name, terms.blocks.sizes(kept.name))
        return Files(kept, terms.blocks, known)


def _look(listing: Listing) -> Size:
    """Return the size that suits the pictures of a listing."""
    with quiet(), ThreadPoolExecutor(NETWORK_THREADS) as pool:
        some = listing.members[:: -(-len(listing.members) // MAX_LOOKED_AT) or 1]
        found = Counter(size for size in pool.map(_size, some) if size is not None)
    return choose_size(found) if found else (1, 1)


def _size(member: Member) -> Size | None:
    try:
        return size_of(member.read())
    except (BrokenFileError, ChangedDataError):
        # Reading it again says so.
        return None
