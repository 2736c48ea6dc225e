"""Pictures that a published model is used on: one by one in the order of their paths, in bounded memory."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from aepipe import datasets
from aepipe.datasets.formats.members import FileState, Member
from aepipe.datasets.images import images_at_once
from aepipe.datasets.one_by_one import ArrayRow, open_images
from aepipe.datasets.own.files import MIN_BYTES_FOR_PROCESSES, MIN_FILES_FOR_PROCESSES
from aepipe.datasets.own.processes import in_processes
from aepipe.datasets.tally import LeftOut, Tally
from aepipe.errors import ParameterError
from aepipe.inference.decoding import Decoded, Picture, Piece, Unreadable, Wanted, decode_files, decode_rows
from aepipe.inference.rows import read_rows
from aepipe.io.names import name_bytes
from aepipe.io.urls import without_secrets
from aepipe.recipes.trained import TrainedRecipe

__all__ = ["Picture", "Pictures", "Unreadable", "open_pictures"]

BATCH_PICTURES = 256
# Of one process: pictures of cameras are large once they are decoded, and stay so where their own pixels are kept.
MAX_PIECE_FILES, MAX_PIECE_BYTES = 256, 1 << 22


@dataclass
class Pictures:
    """Pictures at one place, and an account of them, which is complete when the last batch was taken.

    Attributes:
        source: The place, as it was given, without what is secret in it.
        files: The files, or rows of an array, by name.
        is_remote: Reading waits for a network.
        num_pictures: Pictures so far.
        num_unreadable: Files so far that none could be read from.
        num_skipped: Files so far that were known.
        num_resized: Pictures so far that had another size than the model's.
        num_recoloured: Pictures so far that had other channels than the model's.
        remembered: Digests of files that need not be read to be known.
    """

    source: str
    files: Sequence[Member | ArrayRow]
    is_remote: bool = False
    num_pictures: int = 0
    num_unreadable: int = 0
    num_skipped: int = 0
    num_resized: int = 0
    num_recoloured: int = 0
    remembered: Mapping[FileState, str] = field(default_factory=dict)
    _read: dict[str, str] = field(default_factory=dict)
    _tally: Tally = field(default_factory=Tally)
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """Digest of all pictures and unreadable files so far: equal for the same bytes under the same paths."""
        return self._digest.hexdigest()

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What was passed over so far, by reason: it was not meant to be a picture."""
        return self._tally.left_out()

    def file_digests(self) -> dict[FileState, str]:
        """Return the digests of files that the place lists with their state: of those read so far, or remembered."""
        states = (file.state for file in self.files if isinstance(file, Member))
        known = ((state, self._read.get(state.name) or self.remembered.get(state)) for state in states if state)
        return {state: digest for state, digest in known if digest is not None}

    def batches(
        self,
        trained: TrainedRecipe,
        batch_size: int = BATCH_PICTURES,
        known: Collection[str] = (),
        keeps_originals: bool = False,
    ) -> Iterator[list[Picture | Unreadable]]:
        """Yield pictures and unreadable files, so many of both at a time; the last ones may be fewer.

        Many files are read and decoded in processes, some ahead of the batch.

        Args:
            trained: The recipe of the model that takes them.
            batch_size: How many.
            known: Digests, of pictures or files, that are passed over without being decoded.
            keeps_originals: Their own pixels stay in memory, for `Picture.original` of every picture.

        Raises:
            DataError: a file can't be read: its disk or its permissions are to blame, not its bytes.
            StoreError: an object can't be read.
        """
        # All pages of a file are known together.
        wanted = Wanted(trained, frozenset(digest.partition("#")[0] for digest in known), keeps_originals)
        waiting: list[Picture | Unreadable] = []
        for decoded in self._decoded(wanted):
            self.num_skipped += decoded.num_known
            self._read |= decoded.digests
            waiting += filter(self._count, decoded.found)
            while len(waiting) >= batch_size:
                yield waiting[:batch_size]
                del waiting[:batch_size]
        if waiting:
            yield waiting

    def _decoded(self, wanted: Wanted) -> Iterator[Decoded]:
        most = min(MAX_PIECE_FILES, images_at_once(*wanted.trained.plan.image_shape))
        members = [file for file in self.files if isinstance(file, Member) and not self._passes(file, wanted)]
        rows = [file for file in self.files if isinstance(file, ArrayRow)]
        if not members:
            return (decode_rows(rows[first : first + most], wanted) for first in range(0, len(rows), most))
        pieces = [Piece(piece, self.is_remote) for piece in _pieces(members, most)]
        num_bytes = sum(member.size_bytes for member in members)
        if len(members) < MIN_FILES_FOR_PROCESSES and num_bytes < MIN_BYTES_FOR_PROCESSES:
            return (decode_files(piece, wanted) for piece in pieces)
        return in_processes(decode_files, pieces, wanted)

    def _passes(self, file: Member, wanted: Wanted) -> bool:
        """Pass over a file that is known without being read; return whether it is."""
        state = file.state
        is_known = state is not None and self.remembered.get(state) in wanted.known
        self.num_skipped += is_known
        return is_known

    def _count(self, found: Picture | Unreadable) -> bool:
        """Count a picture or a file without one; return whether it is one of the batch."""
        if isinstance(found, Unreadable) and not found.is_meant_to_be_a_picture:
            self._tally.add("no picture", found.path)
            return False
        self._digest.update(name_bytes(f"{found.path}\0{found.digest}\n"))
        if isinstance(found, Unreadable):
            self.num_unreadable += 1
            return True
        self.num_pictures += 1
        self.num_resized += found.was_resized
        self.num_recoloured += found.was_recoloured
        return True


@contextmanager
def open_pictures(images: str | None = None, rows: str | None = None) -> Iterator[Pictures]:
    """Give the pictures at a place, or rows of a built-in data set.

    Args:
        images: A folder, a .zip, .tar or .npz file, an s3:// prefix or a table of pictures; images: may stand before.
        rows: Data set, part and rows, as cifar10:test:13.

    Raises:
        ParameterError: both are named, or neither, or there are no such rows.
        DataError: there are no pictures, or they can't be listed.
        StoreError: S3 does not list them.
    """
    if rows is not None and images is None:
        yield Pictures(rows, read_rows(rows))
        return
    if images is None or rows is not None:
        raise ParameterError(
            "Pictures are those of one place, or rows of a data set.",
            "Name a folder, a file, an s3:// prefix, or --rows cifar10:test:13.",
            images=images,
            rows=rows,
        )
    location = datasets.location_of(images) if datasets.is_own(images) else images
    with open_images(location) as found:
        yield Pictures(without_secrets(location), found.files, found.is_remote, _tally=found.tally)


def _pieces(members: Sequence[Member], most: int) -> Iterator[tuple[Member, ...]]:
    piece: list[Member] = []
    num_bytes = 0
    for member in members:
        if piece and (len(piece) >= most or num_bytes + member.size_bytes > MAX_PIECE_BYTES):
            yield tuple(piece)
            piece, num_bytes = [], 0
        piece.append(member)
        num_bytes += member.size_bytes
    yield tuple(piece)
