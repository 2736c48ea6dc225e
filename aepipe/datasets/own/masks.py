"""Masks of one's own anomalous images, in the images' own form: where in each of them something is not normal."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from aepipe.datasets.formats.depth import WHITE
from aepipe.datasets.formats.fitting import Form
from aepipe.datasets.formats.members import Member
from aepipe.datasets.formats.pictures import quiet, read_frames
from aepipe.datasets.index import ANOMALOUS, Index
from aepipe.datasets.locations import open_listing
from aepipe.datasets.own.rows import path_of
from aepipe.errors import ChangedDataError, DataError
from aepipe.io.names import printable_name

# Names of the arrays: the rows of the images that have a mask, and the masks.
MASK_ARRAYS = MASKED, MASKS = "masked", "masks"


def write_masks(location: str, index: Index, form: Form, folder: Path) -> None:
    """Write the masks of the anomalous images, (num_masks, height, width) booleans, and the rows of these images.

    Nothing is written where no image has one. A mask has the size of its image, and is brought to the form with it.

    Args:
        location: Where the images are from.
        index: Of them.
        form: What they were brought to.
        folder: Where the files go.

    Raises:
        DataError: a mask can't be read, or has another size than its image.
        ChangedDataError: a mask is not what it was when the images were listed.
    """
    images = index.images
    masked = np.flatnonzero((images["kind"] == ANOMALOUS) & images["mask"].notna())
    if not len(masked):
        return
    np.save(folder / f"{MASKED}.npy", masked)
    shape = (len(masked), *form.size)
    # Some at a time in memory, however many there are.
    found = np.lib.format.open_memmap(folder / f"{MASKS}.npy", "w+", bool, shape)
    for number, mask in enumerate(_read_masks(location, index, masked, form)):
        found[number] = mask
    found.flush()


def _read_masks(location: str, index: Index, masked: np.ndarray, form: Form) -> Iterator[np.ndarray]:
    digests = dict(zip(index.rows["path"], index.rows["bytes_sha256"], strict=True))
    images = index.images.iloc[masked]
    with open_listing(location) as listing, quiet():
        members = {path_of(member.name): member for member in listing.members}
        for path, mask, height, width in zip(
            images["path"], images["mask"], images["height"], images["width"], strict=True
        ):
            if mask not in members:
                raise DataError("A mask must be among the images' files.", image=path, mask=mask)
            pixels = _read(members[mask], digests.get(mask))
            if pixels.shape != (height, width):
                raise DataError(
                    "A mask must be as large as its image.",
                    "Write it anew, or take it away: its image is then one without a mask.",
                    image=printable_name(path),
                    mask=printable_name(mask),
                    image_size=f"{height}x{width}",
                    mask_size="x".join(map(str, pixels.shape)),
                )
            yield fitted_mask(pixels, form)


def _read(member: Member, expected: str | None) -> np.ndarray:
    """Return where a mask is not black, (height, width) booleans at its own size."""
    data = member.read()
    if expected is not None and hashlib.sha256(data).hexdigest() != expected:
        raise ChangedDataError(
            "A mask must stay what it was when the images were listed.", "Run again.", mask=printable_name(member.name)
        )
    pixels = read_frames(member, data, first_only=True).pictures[0].pixels
    inside: np.ndarray = np.atleast_3d(pixels).max(axis=2) > 0
    return inside


def fitted_mask(mask: np.ndarray, form: Form) -> np.ndarray:
    """Return a mask, (height, width) booleans, in the form of its picture.

    A pixel is inside where half of it is; of what is smaller than that, the pixels that have most of it.
    """
    shares = form.apply(np.where(mask, np.uint8(WHITE), np.uint8(0)))
    inside: np.ndarray = shares >= max(1, (int(shares.max()) + 1) // 2)
    return inside
