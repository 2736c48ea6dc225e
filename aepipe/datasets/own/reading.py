"""Reading of some files in one process: their bytes' digests, and the pixels of those that are not known, in blocks."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from aepipe.datasets.formats.fitting import Form, Size
from aepipe.datasets.formats.members import Member
from aepipe.datasets.formats.pictures import quiet, read_frames
from aepipe.datasets.own.keeping import SMALL_BYTES, Blocks
from aepipe.datasets.own.mask_picture import MaskPicture
from aepipe.datasets.own.placing import Placer
from aepipe.datasets.own.rows import Row, broken_row, file_row, left_out, rows_of
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.datasets.pixel_mask import with_mask
from aepipe.datasets.tally import Reason
from aepipe.errors import BrokenFileError, DataError

# A network is waited for by many at once.
NETWORK_THREADS = 16
NAME_DIGITS = 32

ToldT = TypeVar("ToldT", bound=DataError)


@dataclass(frozen=True)
class Kept:
    """What is taken of each file.

    Attributes:
        name: Digest of what the pixels depend on beside the files, which blocks lie under.
        form: What each picture is brought to.
        first_only: Only the first frame of several.
    """

    name: str
    form: Form
    first_only: bool = False


def kept_of(size: Size, settings: PictureSettings, version: str, mask: MaskPicture | None = None) -> Kept:
    """Return what is taken of each file.

    Args:
        size: What each picture is brought to.
        settings: What was chosen of the pictures.
        version: Changes when they are decoded otherwise.
        mask: Which of their pixels count; all where None.

    Raises:
        DataError: the mask leaves nothing, or leaves nothing out.
    """
    fitted = None if mask is None else mask.fitted(size, settings.fit)
    form = with_mask(Form(size, settings.fit, settings.color == "grey"), fitted)
    first_only = settings.pages == "first"
    name = hashlib.sha256(f"{form.text}/{first_only}/{version}".encode()).hexdigest()[:NAME_DIGITS]
    return Kept(name, form, first_only)


@dataclass(frozen=True)
class Job:
    """Some files that one process reads.

    Attributes:
        members: The files.
        left_out: Why some are none of the images, by name: only their digests are wanted.
        is_remote: Reading waits for a network.
    """

    members: tuple[Member, ...]
    left_out: Mapping[str, Reason]
    is_remote: bool


@dataclass(frozen=True)
class Shared:
    """What all jobs have.

    Attributes:
        kept: What is taken of each file.
        known: Digests of bytes that need not be decoded.
        blocks: Where pixels are kept; it can be sent to another process.
    """

    kept: Kept
    known: frozenset[str]
    blocks: Blocks


@dataclass
class Done:
    """What a job came to.

    Attributes:
        rows: Of all files, in their order. Those without a state are of bytes that were known.
        small: Blocks that may be put together with others, by key; the larger ones are kept already.
        num_decoded: Files that were decoded, whether they gave an image or not.
    """

    rows: list[Row] = field(default_factory=list)
    small: dict[str, bytes] = field(default_factory=dict)
    num_decoded: int = 0


def read_files(job: Job, shared: Shared) -> Done:
    """Read the files of a job.

    Args:
        job: The files.
        shared: What all jobs have.

    Raises:
        DataError: a file can't be read.
        StoreError: an object can't be read.
    """
    done = Done()
    with quiet(), ThreadPoolExecutor(1) as thread:
        keeper = _Keeper(done.small, shared.blocks, thread)
        placer = Placer(shared.kept.name, keeper.keep)
        for member, data in read_all(job.members, job.is_remote, (BrokenFileError,)):
            if isinstance(data, BrokenFileError):
                done.rows.append(broken_row(member, None, data))
                continue
            digest = hashlib.sha256(data, usedforsecurity=False).hexdigest()
            if member.name in job.left_out:
                done.rows.append({**file_row(member, digest), **left_out(job.left_out[member.name])})
            elif digest in shared.known:
                done.rows.append(file_row(member, digest))
            else:
                done.num_decoded += 1
                done.rows += _decoded(member, data, digest, shared.kept, placer)
        placer.finish()
        keeper.wait()
    return done


@dataclass
class _Keeper:
    """Keeps each block while the next is filled, which waits for no disk and no network. Small ones are set aside."""

    small: dict[str, bytes]
    blocks: Blocks
    thread: ThreadPoolExecutor
    _last: "Future[None] | None" = None

    def keep(self, key: str, data: bytes) -> None:
        """Take a block, as soon as the one before is kept."""
        if len(data) < SMALL_BYTES:
            self.small[key] = data
            return
        self.wait()
        self._last = self.thread.submit(self.blocks.keep, key, data)

    def wait(self) -> None:
        """Return when all are kept.

        Raises:
            StoreError: one could not be.
        """
        if self._last is not None:
            self._last.result()


def _decoded(member: Member, data: bytes, digest: str, kept: Kept, placer: Placer) -> Iterator[Row]:
    try:
        frames = read_frames(member, data, kept.form.apply, kept.first_only)
    except BrokenFileError as error:
        yield broken_row(member, digest, error)
        return
    for row, picture in rows_of(member, digest, frames):
        if picture is not None:
            placer.add([row], picture.pixels)
        yield row


def read_all(
    members: Sequence[Member], is_remote: bool, told: tuple[type[ToldT], ...]
) -> Iterator[tuple[Member, bytes | ToldT]]:
    """Yield each file with its bytes, or with why there are none; of a network several are read ahead.

    Args:
        members: The files.
        is_remote: Reading waits for a network.
        told: The errors that are yielded; every other ends the reading.

    Raises:
        ChangedDataError: a file was written or removed since it was listed.
        DataError: a file can't be read.
        StoreError: an object can't be read.
    """
    read = partial(_read, told=told)
    if not is_remote:
        yield from ((member, read(member)) for member in members)
        return
    with ThreadPoolExecutor(NETWORK_THREADS) as pool:
        try:
            for first in range(0, len(members), NETWORK_THREADS):
                some = members[first : first + NETWORK_THREADS]
                yield from zip(some, pool.map(read, some), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)


def _read(member: Member, told: tuple[type[ToldT], ...]) -> bytes | ToldT:
    try:
        return member.read()
    except told as error:
        return error
