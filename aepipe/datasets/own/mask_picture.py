"""The picture that a user names as the mask of their images: read once, checked, and brought to the images' size."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aepipe.datasets.formats.fitting import SAME_ASPECT, Fit, Size, cut_share, grey
from aepipe.datasets.formats.members import MAX_MEMBER_BYTES, Member, checked_bytes, unreadable
from aepipe.datasets.formats.pictures import quiet, read_frames
from aepipe.datasets.locations import check_location, existing, names_table, open_listing
from aepipe.datasets.own_settings import OwnSettings
from aepipe.datasets.picture_settings import MAX_SIDE, size_text
from aepipe.datasets.pixel_mask import PixelMask, fitted_counts
from aepipe.errors import BrokenFileError, DataError
from aepipe.io.urls import without_secrets
from aepipe.notation import counted

S3 = "s3://"
WAY_OUT = "Name one picture of the shape of the others, white where pixels count: data.mask=/path/to/mask.png."


@dataclass(frozen=True)
class MaskPicture:
    """A mask as it was drawn.

    Attributes:
        place: Where it lies, without what is secret in it.
        sha256: Of its bytes.
        counts: (height, width) booleans, true where it is nearer to white than to black.
        brightest: Its largest value, of `white` at most.
        white: The value of white.
    """

    place: str
    sha256: str
    counts: np.ndarray
    brightest: int
    white: int

    @property
    def size(self) -> Size:
        """Its (height, width)."""
        height, width = self.counts.shape
        return height, width

    def fitted(self, size: Size, fit: Fit) -> PixelMask:
        """Return it at the size that pictures are brought to.

        Raises:
            DataError: nothing of a picture would count, or all of it.
        """
        if max(size) > MAX_SIDE:
            raise DataError(
                f"Images with a mask have at most {MAX_SIDE} pixels a side.",
                "Choose their size: data.size=512.",
                mask=self.place,
                size=size_text(size),
            )
        counts = fitted_counts(self.counts, size, fit)
        if not counts.any():
            raise DataError(
                "A mask must leave pixels that count: those that are nearer to white than to black.",
                WAY_OUT,
                mask=self.place,
                brightest=self.brightest,
                white=self.white,
                size=size_text(size),
            )
        if np.array_equal(counts, fitted_counts(np.ones_like(self.counts), size, fit)):
            raise DataError(
                "A mask must leave something out: this one has nothing black that would be seen.",
                "Paint black what is not to count, or leave data.mask out.",
                mask=self.place,
                size=size_text(size),
            )
        return PixelMask.of(counts)

    def describe(self, mask: PixelMask, sizes: Sequence[Size]) -> str:
        """Return what it does to pictures, in words.

        Args:
            mask: It, at the size of the images.
            sizes: The pictures' own, (height, width).

        Raises:
            DataError: it has another shape than most pictures.
        """
        (most, _), *_ = Counter(sizes).most_common(1)
        if not self._is_like(most):
            raise DataError(
                "A mask must have the shape of the pictures that it is for.",
                "Draw it on one of them.",
                mask=self.place,
                mask_size=size_text(self.size),
                pictures=size_text(most),
            )
        num_others = sum(not self._is_like(size) for size in sizes)
        others = f"; {counted(num_others, 'image has', 'images have')} another shape than it" * (num_others > 0)
        return f"{Path(self.place).name}: {mask.words}{others}"

    def _is_like(self, size: Size) -> bool:
        return cut_share(size, self.size, "crop") <= SAME_ASPECT


def read_mask(location: str, settings: OwnSettings) -> MaskPicture | None:
    """Return the mask of pictures, a file or an object of S3, as it is now; None where all of their pixels count.

    Args:
        location: Where the pictures lie.
        settings: What was chosen of them.

    Raises:
        DataError: there is no such file, it is no single picture, or it lies among the pictures.
        StoreError: S3 does not give it.
    """
    place = settings.mask
    if place is None:
        return None
    check_location(place)
    _check_is_none_of(place, [location] if settings.clean is None else [location, settings.clean])
    shown = without_secrets(place)
    try:
        data = _read_object(place) if place.startswith(S3) else _read_file(Path(place).expanduser())
        with quiet():
            frames = read_frames(Member(shown, bytes), data, first_only=True)
    except BrokenFileError as error:
        raise DataError("A mask must be a picture that can be read.", WAY_OUT, mask=shown, reason=str(error)) from error
    if frames.num_left:
        pages = 1 + frames.num_left
        raise DataError("A mask must be one picture, not several pages or frames.", WAY_OUT, mask=shown, pages=pages)
    (picture,) = frames.pictures
    pixels, white = grey(picture.pixels), (1 << picture.bits) - 1
    return MaskPicture(
        place=shown,
        sha256=hashlib.sha256(data).hexdigest(),
        counts=pixels > white / 2,
        brightest=int(pixels.max()),
        white=white,
    )


def _check_is_none_of(place: str, beside: Sequence[str]) -> None:
    for images in beside:
        if _lies_in(place, images):
            raise DataError(
                "A mask must lie elsewhere than the pictures, which it would be one of.",
                "Move it out of their folder.",
                mask=without_secrets(place),
                images=without_secrets(images),
            )


def _lies_in(place: str, images: str) -> bool:
    folder = images.rpartition("/")[0] if names_table(images) else images
    if place.startswith(S3) or images.startswith(S3):
        return place.startswith(f"{folder.rstrip('/')}/")
    return Path(place).expanduser().resolve().is_relative_to(existing(folder or ".").resolve())


def _read_object(url: str) -> bytes:
    folder, _, name = url.rpartition("/")
    with open_listing(folder) as listing:
        found = next((member for member in listing.members if member.name == name), None)
        if found is None:
            raise _not_there(url)
        return found.read()


def _read_file(path: Path) -> bytes:
    if not path.is_file():
        raise _not_there(str(path))
    try:
        with path.open("rb") as file:
            return checked_bytes(file.read(MAX_MEMBER_BYTES + 1))
    except OSError as error:
        raise unreadable(path, error) from error


def _not_there(place: str) -> DataError:
    return DataError("The mask must exist, and be a file.", WAY_OUT, mask=place)
