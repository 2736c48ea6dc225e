"""A user's own images one by one, each in the form that a model takes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np

from aepipe.datasets.formats.depth import WHITE, used_bits
from aepipe.datasets.formats.members import Member
from aepipe.datasets.formats.npz import read_npz
from aepipe.datasets.formats.pictures import Change, Picture, quiet, read_frames
from aepipe.datasets.layouts import open_layout
from aepipe.datasets.layouts.settings import LayoutSettings
from aepipe.datasets.locations import WAY_OUT, check_location, existing, holds_arrays, open_listing
from aepipe.datasets.tally import LeftOut
from aepipe.errors import DataError


@dataclass(frozen=True)
class SingleImage:
    """One image.

    Attributes:
        name: The file's name below the top, with #number for a frame of several; the row in an npz file.
        pixels: (height, width, channels), uint8, uint16 or float32.
        file_size: The (height, width) that the file has.
        white: The value of white; black is 0.
    """

    name: str
    pixels: np.ndarray
    file_size: tuple[int, int]
    white: float


@dataclass(frozen=True)
class OwnFile:
    """One file, or one row of an array.

    Attributes:
        name: The file's name below the top, or the row in an npz file.
        read: Takes what is done to each image's pixels, and the bits that pictures of 16 bits a pixel use (each
            one's own where None); returns its images. Raises `BrokenFileError` for bytes that are no picture, any
            other error where they could not be read.
        is_meant_to_be_a_picture: Whether its name says so.
    """

    name: str
    read: Callable[[Change, int | None], Sequence[SingleImage]]
    is_meant_to_be_a_picture: bool = True


@dataclass(frozen=True)
class OwnFiles:
    """The files at a location, and what was passed over there."""

    files: Sequence[OwnFile]
    left_out: tuple[LeftOut, ...] = ()


@contextmanager
def open_images(location: str) -> Iterator[OwnFiles]:
    """Give the images at a location, a folder, zip, tar or npz file, an s3:// prefix or a table of pictures with it.

    All but arrays are read one by one.

    Raises:
        DataError: there are none, or they can't be listed.
        StoreError: S3 does not list them.
    """
    check_location(location)
    if holds_arrays(location):
        images, _ = read_npz(existing(location))
        yield OwnFiles(
            [
                OwnFile(name, partial(_row, name, image))
                for name, image in zip(row_names(len(images)), images, strict=True)
            ]
        )
        return
    with open_listing(location) as listing:
        # A table that is the place itself says which; one that lies there by chance does not.
        settings = LayoutSettings(layout="flat" if listing.table is None else "table")
        arrangement, tally = open_layout(listing, settings), listing.tally.copy()
        arrangement.count(tally)
        for name, reason in arrangement.left_out.items():
            tally.add(reason, name)
        members = [member for member in listing.members if member.name not in arrangement.left_out]
        if not members:
            reasons = [one.short for one in tally.left_out()]
            raise DataError("There must be at least one picture.", WAY_OUT, location=location, reasons=reasons)
        files = [OwnFile(member.name, partial(_read, member), member.is_meant_to_be_a_picture) for member in members]
        yield OwnFiles(files, tally.left_out())


def row_names(count: int) -> list[str]:
    """Return a name for each row of an array, all of one length."""
    digits = len(str(count - 1))
    return [f"{row:0{digits}d}" for row in range(count)]


def _row(name: str, image: np.ndarray, fit: Change, sample_bits: int | None) -> list[SingleImage]:
    if image.dtype == np.uint16:
        return [_deep(name, fit(image), image.shape[:2], *used_bits(image), sample_bits)]
    return [SingleImage(name, fit(image), image.shape[:2], WHITE if image.dtype == np.uint8 else 1)]


def _read(member: Member, fit: Change, sample_bits: int | None) -> list[SingleImage]:
    with quiet():
        frames = read_frames(member, member.read(), fit)
    return [_single(picture, sample_bits) for picture in frames.pictures]


def _single(picture: Picture, sample_bits: int | None) -> SingleImage:
    name, pixels, size = picture.name, np.atleast_3d(picture.pixels), picture.file_size
    if picture.is_deep:
        return _deep(name, pixels, size, picture.bits, picture.bulk_bits, sample_bits)
    return SingleImage(name, pixels, size, WHITE)


def _deep(
    name: str, pixels: np.ndarray, size: tuple[int, int], bits: int, bulk_bits: int, sample_bits: int | None
) -> SingleImage:
    """Return an image whose white is that of others like it; a few pixels that stand out are white, too."""
    white = (1 << (sample_bits if sample_bits is not None and bulk_bits <= sample_bits else bits)) - 1
    return SingleImage(name, np.minimum(pixels, white), size, white)
