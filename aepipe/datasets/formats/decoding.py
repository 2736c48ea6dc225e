"""Many picture files decoded at once, in order, with no more of them in memory than there are threads."""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from aepipe.datasets.formats.assembling import Assembler
from aepipe.datasets.formats.members import Listing, Member
from aepipe.datasets.formats.pictures import Frames, quiet, read_frames, small_or_resized
from aepipe.datasets.tally import Tally
from aepipe.errors import BrokenFileError, NoPictureError, TooLargeError, UnreadKindError, UnreadPixelsError

# A decoder lets other threads run, and a network is waited for by many at once.
MAX_THREADS, NETWORK_THREADS = 8, 16
ALREADY_WAITING = 2


@dataclass
class Decoded:
    """The images of a listing, and what the account says of them.

    Attributes:
        images: (num_images, height, width, channels), uint8.
        names: Of the files that they are from, in the same order; with #number for frames.
        files: A number for the file that each is from.
        tally: What was left out, with what the listing passed over.
        num_taken: Files that gave images.
        num_with_frames: Files that gave several.
        sizes: width x height of the files' frames.
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
    listing: Listing, image_size: int, check: Callable[[Member, bytes], None] = lambda member, data: None
) -> Decoded:
    """Return the images of a listing's files.

    Images are turned as their EXIF orientation says. Where they don't all have one square size of at most 128 pixels,
    each is cropped to the largest centred square and resized to `image_size`. They have one channel where all files
    are grey, else three; what is transparent becomes white. Grey values of 16 bits are scaled by what all of them use.

    Args:
        listing: The files.
        image_size: Height and width in pixels of images that have no common size.
        check: Told each file and its bytes, before they are decoded.

    Raises:
        DataError: a file can't be read, or the images don't fit into the memory.
        StoreError: an object can't be read.
    """
    tally, names = listing.tally.copy(), list[str]()
    assembler = Assembler(image_size, len(listing.members))
    decoded = Decoded(np.empty((0, image_size, image_size, 1), np.uint8), names, tally)
    decode = partial(_decode, image_size=image_size, check=check)
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
            decoded.sizes[f"{picture.file_size[1]}x{picture.file_size[0]}"] += 1
            decoded.modes[picture.mode] += 1
            assembler.add(picture)
    if names:
        decoded.images, decoded.losses = assembler.finish()
    return decoded


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


def _decode(member: Member, image_size: int, check: Callable[[Member, bytes], None]) -> Frames | BrokenFileError:
    try:
        data = member.read()
        check(member, data)
        return read_frames(member, data, partial(small_or_resized, image_size))
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
