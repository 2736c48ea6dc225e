"""Many picture files decoded at once, in order, with no more of them in memory than there are threads."""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from aepipe.datasets.formats.assembling import Assembler
from aepipe.datasets.formats.fitting import Form, Size, choose_size
from aepipe.datasets.formats.members import Listing, Member
from aepipe.datasets.formats.pictures import Frames, quiet, read_frames, size_of
from aepipe.datasets.picture_settings import PictureSettings, size_text
from aepipe.datasets.tally import Tally
from aepipe.errors import BrokenFileError, NoPictureError, TooLargeError, UnreadKindError, UnreadPixelsError

# So many pictures, evenly spaced, say what size the others have.
MAX_LOOKED_AT = 1000
MAX_KEPT_BYTES = 1 << 26
# A decoder lets other threads run, and a network is waited for by many at once.
MAX_THREADS, NETWORK_THREADS = 8, 16
ALREADY_WAITING = 2


@dataclass
class Decoded:
    """The images of a listing, and what the account says of them.

    Attributes:
        images: (num_images, height, width, channels), uint8 or uint16.
        names: Of the files that they are from, in the same order; with #number for frames.
        files: A number for the file that each is from.
        tally: What was left out, with what the listing passed over.
        num_taken: Files that gave images.
        num_with_frames: Files that gave several.
        sizes: HEIGHTxWIDTH of the files' frames.
        modes: How the files keep pixels.
        losses: What was taken away, by the names of `Losses`.
    """

    images: np.ndarray
    names: list[str]
    tally: Tally
    files: list[int] = field(default_factory=list)
    num_taken: int = 0
    num_with_frames: int = 0
    sizes: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    losses: dict[str, Any] = field(default_factory=dict)


def decode_images(
    listing: Listing,
    settings: PictureSettings | None = None,
    check: Callable[[Member, bytes], None] = lambda member, data: None,
) -> Decoded:
    """Return the images of a listing's files.

    Images are turned as their EXIF orientation says, and brought to one size. They have one channel where all of them
    are grey, else three; what is transparent becomes white. They have 16 bits where some files have, of which all
    together say what white is.

    Args:
        listing: The files.
        settings: What is taken of them.
        check: Told each file and its bytes, before they are decoded.

    Raises:
        DataError: a file can't be read, or the images don't fit into the memory.
        StoreError: an object can't be read.
    """
    settings = settings or PictureSettings()
    if settings.chosen_size is None:
        size, listing = _look(listing)
    else:
        size = settings.chosen_size
    form = Form(size, settings.fit, settings.color == "grey")
    tally, names = listing.tally.copy(), list[str]()
    assembler = Assembler(form, len(listing.members))
    decoded = Decoded(np.empty((0, *form.size, 1), np.uint8), names, tally)
    decode = partial(_decode, form=form, first_only=settings.pages == "first", check=check)
    for member, frames in in_order(decode, listing.members, listing.is_remote):
        if isinstance(frames, BrokenFileError):
            _count_broken(member, frames, tally)
            continue
        decoded.num_taken += 1
        decoded.num_with_frames += len(frames.pictures) > 1
        if frames.num_left:
            tally.add("further frame", member.name, count=frames.num_left)
        for picture in frames.pictures:
            names.append(picture.name)
            decoded.files.append(decoded.num_taken)
            decoded.sizes[size_text(picture.file_size)] += 1
            decoded.modes[picture.mode] += 1
            assembler.add(picture)
    if names:
        decoded.images, decoded.losses = assembler.finish()
        if settings.color == "rgb" and decoded.images.shape[3] == 1:
            decoded.images = np.repeat(decoded.images, 3, axis=-1)
    return decoded


def _look(listing: Listing) -> tuple[Size, Listing]:
    """Return the size that suits a listing's files, and the listing with what was read for it in memory."""
    looked_at = listing.members[:: -(-len(listing.members) // MAX_LOOKED_AT) or 1]
    sizes, kept, num_bytes = Counter[Size](), dict[str, Member](), 0
    for member, data in in_order(_bytes, looked_at, listing.is_remote):
        size = None if data is None else size_of(data)
        if size is not None:
            sizes[size] += 1
        if data is not None and num_bytes + len(data) <= MAX_KEPT_BYTES:
            num_bytes += len(data)
            kept[member.name] = replace(member, read=partial(bytes, data))
    members = tuple(kept.get(member.name, member) for member in listing.members)
    return choose_size(sizes) if sizes else (1, 1), replace(listing, members=members)


def _bytes(member: Member) -> bytes | None:
    try:
        return member.read()
    except BrokenFileError:
        return None


def in_order(
    function: Callable[[Member], Any], members: Iterable[Member], is_remote: bool
) -> Iterator[tuple[Member, Any]]:
    """Yield each member with what the function returns for it; a few threads are ahead, never all of them."""
    num_threads = NETWORK_THREADS if is_remote else min(MAX_THREADS, _count_cores())
    waiting: deque[tuple[Member, Future]] = deque()
    with quiet(), ThreadPoolExecutor(num_threads) as pool:
        try:
            for member in members:
                waiting.append((member, pool.submit(function, member)))
                if len(waiting) >= ALREADY_WAITING * num_threads:
                    yield _oldest(waiting)
            while waiting:
                yield _oldest(waiting)
        finally:
            for _, future in waiting:
                future.cancel()


def _count_cores() -> int:
    # What a container or taskset leaves to this process; macOS does not say.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _oldest(waiting: deque[tuple[Member, Future]]) -> tuple[Member, Any]:
    member, future = waiting.popleft()
    return member, future.result()


def _decode(
    member: Member, form: Form, first_only: bool, check: Callable[[Member, bytes], None]
) -> Frames | BrokenFileError:
    try:
        data = member.read()
        check(member, data)
        return read_frames(member, data, form.apply, first_only)
    except BrokenFileError as error:
        return error


def _count_broken(member: Member, error: BrokenFileError, tally: Tally) -> None:
    if isinstance(error, NoPictureError) and not member.is_meant_to_be_a_picture:
        tally.add("no picture", member.name)
    elif isinstance(error, UnreadPixelsError):
        tally.add("picture with pixels of a kind that is not read", member.name, error.problem)
    elif isinstance(error, UnreadKindError):
        tally.add("picture of a kind that is not read", member.name)
    else:
        tally.add("too large" if isinstance(error, TooLargeError) else "broken", member.name, error.problem)
