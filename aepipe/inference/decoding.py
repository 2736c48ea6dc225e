"""Decoding of pictures for a model: what one process does with some files."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from aepipe.datasets.formats.fitting import LONGEST_SIDE, window
from aepipe.datasets.formats.members import Member
from aepipe.datasets.one_by_one import ArrayRow, SingleImage, images_of
from aepipe.datasets.own.reading import read_all
from aepipe.errors import BrokenFileError, ChangedDataError, DataError, printable
from aepipe.inference.inputs import to_model_input
from aepipe.recipes.trained import TrainedRecipe


@dataclass(frozen=True)
class Wanted:
    """What is wanted of pictures.

    Attributes:
        trained: The recipe of the model that takes them.
        known: Digests of files that are passed over.
        keeps_originals: Their own pixels stay beside those that the model takes.
    """

    trained: TrainedRecipe
    known: frozenset[str] = frozenset()
    keeps_originals: bool = False


@dataclass(frozen=True)
class Piece:
    """Some files that one process reads, and whether reading waits for a network."""

    members: tuple[Member, ...]
    is_remote: bool


@dataclass(frozen=True)
class Picture:
    """One picture, as it is and as the model takes it.

    Attributes:
        path: Below the place that was named, with #number for a page of several; the row of an array.
        digest: sha256 of the file's bytes, with #number for a page of several; of the pixels for a row.
        pixels: float32 (height, width, channels) in [0, 1], in the form of the model.
        white: The value of white in the original; black is 0.
        mode: How the file keeps pixels, in Pillow's words; None for a row.
        was_resized: It had another size than the model's.
        was_recoloured: It had other channels than the model's.
        source: What it is read from.
        kept: Its own pixels, where they are kept.
    """

    path: str
    digest: str
    pixels: np.ndarray
    white: float
    mode: str | None
    was_resized: bool
    was_recoloured: bool
    source: Member | ArrayRow
    kept: np.ndarray | None = None

    @property
    def original(self) -> np.ndarray:
        """Its own pixels, (height, width, channels) of the file's own type; read again where they were not kept.

        Raises:
            ChangedDataError: the file was written or removed since it was listed.
            DataError: it can't be read.
            StoreError: the object can't be read.
        """
        if self.kept is not None:
            return self.kept
        if isinstance(self.source, ArrayRow):
            return self.source.pixels
        data = self.source.read()
        images = images_of(self.source, data, self.digest, np.atleast_3d, None)
        return next(image.pixels for image in images if image.name == self.path)


@dataclass(frozen=True)
class Unreadable:
    """A file that no picture could be read from.

    Attributes:
        path: Below the place that was named.
        digest: sha256 of its bytes; None where they could not be read to their end.
        reason: Why, in one line.
        is_meant_to_be_a_picture: Whether its name says so.
    """

    path: str
    digest: str | None
    reason: str
    is_meant_to_be_a_picture: bool = True


@dataclass
class Decoded:
    """What some files came to, in their order, how many of them were known, and the digests of all, by name."""

    found: list[Picture | Unreadable] = field(default_factory=list)
    num_known: int = 0
    digests: dict[str, str] = field(default_factory=dict)


def decode_files(piece: Piece, wanted: Wanted) -> Decoded:
    """Read and decode some files; one that changed since it was listed is unreadable, too.

    Raises:
        DataError: a file can't be read.
        StoreError: an object can't be read.
    """
    decoded = Decoded()
    for member, data in read_all(piece.members, piece.is_remote, (BrokenFileError, ChangedDataError)):
        if isinstance(data, DataError):
            decoded.found += _unreadable(member, None, data)
            continue
        digest = decoded.digests[member.name] = _sha256(data)
        if digest in wanted.known:
            decoded.num_known += 1
        else:
            decoded.found += _decode(member, data, digest, wanted)
    return decoded


def decode_rows(rows: Sequence[ArrayRow], wanted: Wanted) -> Decoded:
    """Bring rows of an array into the form of the model."""
    decoded = Decoded()
    for row in rows:
        if row.digest in wanted.known:
            decoded.num_known += 1
            continue
        image = row.image(partial(_fit, wanted.trained), wanted.trained.trained_on.sample_bits)
        decoded.found.append(_picture(row, image, wanted.trained))
    return decoded


def decode_first(member: Member, data: bytes, wanted: Wanted) -> Picture:
    """Return the first picture in a file's bytes.

    Raises:
        BrokenFileError: the bytes are no picture, or a damaged one.
    """
    (picture,) = _pictures(member, data, _sha256(data), wanted, first_only=True)
    return picture


def _decode(member: Member, data: bytes, digest: str, wanted: Wanted) -> Sequence[Picture | Unreadable]:
    """Return the pictures of a file, or why there are none."""
    try:
        return _pictures(member, data, digest, wanted)
    except BrokenFileError as error:
        return _unreadable(member, digest, error)


def _pictures(member: Member, data: bytes, digest: str, wanted: Wanted, first_only: bool = False) -> list[Picture]:
    originals: list[np.ndarray] = []

    def fit(pixels: np.ndarray) -> np.ndarray:
        if wanted.keeps_originals:
            originals.append(np.atleast_3d(pixels))
        return _fit(wanted.trained, pixels)

    images = images_of(member, data, digest, fit, wanted.trained.trained_on.sample_bits, first_only)
    pictures = [_picture(member, image, wanted.trained) for image in images]
    if not wanted.keeps_originals:
        return pictures
    return [replace(picture, kept=kept) for picture, kept in zip(pictures, originals, strict=True)]


def _fit(trained: TrainedRecipe, pixels: np.ndarray) -> np.ndarray:
    """Return a picture's pixels in the form that comes before the training's own preprocessing.

    Where the recipe reduces its own images, it does so with small ones of their shape, too.
    """
    form, reduces = trained.form, trained.trained_on.preprocessing.size is not None
    own = pixels.shape[:2]
    is_left = reduces and max(own) <= LONGEST_SIDE and window(own, form.size)[2:] == own
    return pixels if is_left else form.apply(pixels)


def _picture(source: Member | ArrayRow, image: SingleImage, trained: TrainedRecipe) -> Picture:
    height, width, channels = trained.plan.image_shape
    return Picture(
        path=image.name,
        digest=image.digest,
        pixels=to_model_input(image.pixels[np.newaxis], trained, (0, image.white))[0],
        white=image.white,
        mode=image.mode,
        was_resized=image.file_size != (height, width),
        was_recoloured=image.pixels.shape[-1] != channels,
        source=source,
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data, usedforsecurity=False).hexdigest()


def _unreadable(member: Member, digest: str | None, error: DataError) -> list[Picture | Unreadable]:
    reason = printable(error.problem)
    return [Unreadable(member.name, digest, reason, member.is_meant_to_be_a_picture)]
