"""Clean pictures beside noisy ones, found by their paths, and how near to them restored ones are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from aepipe.datasets.formats.members import Member
from aepipe.datasets.one_by_one import ArrayRow, images_of
from aepipe.errors import BrokenFileError, ParameterError, printable
from aepipe.evaluation.metrics import mse_per_image, ssim_per_image
from aepipe.inference.pictures import Picture, open_pictures
from aepipe.inference.restored import PAGE
from aepipe.recipes.trained import TrainedRecipe
from aepipe.similarity import SSIM_WINDOW

# Of a large picture, so many rows are measured at a time.
BAND_ROWS = 512


@dataclass(frozen=True)
class Nearness:
    """How near a picture is to its clean one, before and after it was restored; pixels lie in [0, 1]."""

    mse_before: float
    mse_after: float
    ssim_before: float
    ssim_after: float


@dataclass(frozen=True)
class References:
    """Clean pictures.

    Attributes:
        source: Where they lie, without what is secret in it.
        files: They, by their paths without endings.
    """

    source: str
    files: Mapping[str, Member | ArrayRow]

    def nearness(
        self, picture: Picture, original: np.ndarray, restored: np.ndarray, trained: TrainedRecipe
    ) -> Nearness | str:
        """Return how near a picture is to its clean one; why that can't be said where it can't.

        Args:
            picture: The picture.
            original: Its own pixels, (height, width, channels).
            restored: The same, restored.
            trained: The recipe of the model that did it.
        """
        clean = self._find(picture, original.dtype)
        if isinstance(clean, str):
            return clean
        if clean.shape != original.shape:
            sizes = [" x ".join(map(str, pixels.shape)) for pixels in (clean, original)]
            return f"the clean picture has another form: {sizes[0]}, not {sizes[1]}"
        unit = np.float32(1 / picture.white)
        clean, before, after = trained.cover(clean), trained.cover(original * unit), restored * unit
        return Nearness(_mse(clean, before), _mse(clean, after), _ssim(clean, before), _ssim(clean, after))

    def _find(self, picture: Picture, dtype: np.dtype) -> np.ndarray | str:
        """Return a picture's clean one, float32 in [0, 1], or why there is none."""
        file = self.files.get(_stem(picture.path))
        if file is None:
            return "no clean picture has its path"
        if isinstance(file, ArrayRow):
            pixels, white = file.pixels, file.image(np.atleast_3d, None).white
        else:
            try:
                found = images_of(file, file.read(), "", np.atleast_3d, None)
            except BrokenFileError as error:
                return f"the clean picture can't be read: {printable(error.problem)}"
            page = PAGE.search(picture.path)
            names = (file.name, f"{file.name}{page[0] if page else ''}")
            image = next((one for one in found if one.name in names), None)
            if image is None:
                return "the clean picture has no such page"
            pixels, white = image.pixels, image.white
        # Values of one type mean the same: a darker picture of a camera uses fewer of its bits.
        white = picture.white if pixels.dtype == dtype else white
        return pixels * np.float32(1 / white)


@contextmanager
def open_references(place: str | None) -> Iterator[References | None]:
    """Give the clean pictures at a place; None where none is named.

    Raises:
        ParameterError: two of them have one path without endings.
        DataError: there are none, or they can't be listed.
        StoreError: S3 does not list them.
    """
    with nullcontext() if place is None else open_pictures(place) as pictures:
        if pictures is None:
            yield None
            return
        files: dict[str, Member | ArrayRow] = {}
        for file in pictures.files:
            if isinstance(file, Member) and not file.is_meant_to_be_a_picture:
                continue
            other = files.setdefault(_stem(file.name), file)
            if other is not file:
                raise ParameterError(
                    "A picture has one clean picture: that of its path, whatever their endings.",
                    "Remove one.",
                    reference=[other.name, file.name],
                )
        yield References(pictures.source, files)


def _stem(path: str) -> str:
    # A page's number goes with the ending.
    return PurePosixPath(path).with_suffix("").as_posix()


def _mse(clean: np.ndarray, pixels: np.ndarray) -> float:
    return float(mse_per_image(clean[np.newaxis], pixels[np.newaxis])[0])


def _ssim(clean: np.ndarray, pixels: np.ndarray) -> float:
    """Return the structural similarity of two pictures, a band of windows after the other."""
    overlap = SSIM_WINDOW - 1
    height = len(clean)
    if min(clean.shape[:2]) < SSIM_WINDOW:
        return float(ssim_per_image(clean[np.newaxis], pixels[np.newaxis])[0])
    tops = range(0, height - overlap, BAND_ROWS)
    bands = [slice(top, min(height, top + BAND_ROWS + overlap)) for top in tops]
    values = [ssim_per_image(clean[np.newaxis, band], pixels[np.newaxis, band])[0] for band in bands]
    return float(np.average(values, weights=[band.stop - band.start - overlap for band in bands]))
