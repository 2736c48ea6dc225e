"""Images one by one, each in the form that a model takes: files of pictures, and rows of arrays."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from aepipe.datasets.formats.depth import WHITE, used_bits
from aepipe.datasets.formats.members import Member
from aepipe.datasets.formats.npz import read_npz
from aepipe.datasets.formats.pictures import Change, Picture, digest_of, quiet, read_frames
from aepipe.datasets.layouts import open_layout
from aepipe.datasets.layouts.settings import LayoutSettings
from aepipe.datasets.locations import WAY_OUT, check_location, existing, holds_arrays, open_listing
from aepipe.datasets.tally import Tally
from aepipe.errors import DataError


@dataclass(frozen=True)
class SingleImage:
    """One image.

    Attributes:
        name: The file's name below the top, with #number for a frame of several; the row of an array.
        digest: sha256 of the file's bytes, with #number for a frame of several; of its pixels for a row.
        pixels: (height, width, channels), uint8, uint16 or float32.
        file_size: The (height, width) that the file has.
        white: The value of white; black is 0.
        mode: How the file keeps pixels, in Pillow's words; None for a row.
    """

    name: str
    digest: str
    pixels: np.ndarray
    file_size: tuple[int, int]
    white: float
    mode: str | None = None


@dataclass(frozen=True)
class ArrayRow:
    """One row of an array.

    Attributes:
        name: What it is called.
        pixels: (height, width, channels), uint8, uint16 or float32.
        white: The value of white; None where the type decides.
    """

    name: str
    pixels: np.ndarray
    white: float | None = None

    @property
    def digest(self) -> str:
        """sha256 of its pixels."""
        return digest_of(self.pixels)

    def image(self, fit: Change, sample_bits: int | None) -> SingleImage:
        """Return the row as an image; the arguments are those of `images_of`."""
        white = self.white
        if white is None and self.pixels.dtype == np.uint16:
            white = _white(*used_bits(self.pixels), sample_bits)
        white = white or (WHITE if self.pixels.dtype == np.uint8 else 1)
        # Resizing overshoots at edges, up to what the type has; white may be less.
        pixels = np.minimum(fit(self.pixels), self.pixels.dtype.type(white))
        return SingleImage(self.name, self.digest, pixels, self.pixels.shape[:2], white)


@dataclass(frozen=True)
class OwnFiles:
    """The files at a location, or the rows of its array.

    Attributes:
        files: They, by name.
        tally: What was passed over there.
        is_remote: Reading waits for a network.
    """

    files: Sequence[Member | ArrayRow]
    tally: Tally
    is_remote: bool = False


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
            [ArrayRow(name, image) for name, image in zip(row_names(len(images)), images, strict=True)], Tally()
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
        yield OwnFiles(members, tally, listing.is_remote)


def row_names(count: int) -> list[str]:
    """Return a name for each row of an array, all of one length."""
    digits = len(str(count - 1))
    return [f"{row:0{digits}d}" for row in range(count)]


def images_of(
    member: Member, data: bytes, digest: str, fit: Change, sample_bits: int | None, first_only: bool = False
) -> list[SingleImage]:
    """Return the images of a picture file.

    Args:
        member: The file.
        data: Its bytes.
        digest: Their sha256.
        fit: What is done to each image's pixels before the next one is decoded.
        sample_bits: Bits that pictures of 16 bits a pixel use; each one's own where None.
        first_only: Whether the further pages are left.

    Raises:
        BrokenFileError: the bytes are no picture, or a damaged one.
    """
    with quiet():
        found = read_frames(member, data, fit, first_only).pictures
    # The number of a page is what its name has more than the file's.
    return [_single(picture, digest + picture.name[len(member.name) :], sample_bits) for picture in found]


def _single(picture: Picture, digest: str, sample_bits: int | None) -> SingleImage:
    pixels, white = np.atleast_3d(picture.pixels), float(WHITE)
    if picture.is_deep:
        white = _white(picture.bits, picture.bulk_bits, sample_bits)
        pixels = np.minimum(pixels, white)
    return SingleImage(picture.name, digest, pixels, picture.file_size, white, picture.mode)


def _white(bits: int, bulk_bits: int, sample_bits: int | None) -> int:
    """Return the white of images like this one; a few pixels that stand out are white, too."""
    return (1 << (sample_bits if sample_bits is not None and bulk_bits <= sample_bits else bits)) - 1
