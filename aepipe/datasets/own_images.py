"""A user's own images: a folder, a zip or npz file, or an s3:// prefix. Sub-folders are classes, or parts of them."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from aepipe.datasets.account import Account, Losses
from aepipe.datasets.choosing import in_form
from aepipe.datasets.duplicates import find_duplicates
from aepipe.datasets.formats.decoding import Decoded, decode_images, in_order
from aepipe.datasets.formats.members import Listing, Member
from aepipe.datasets.formats.npz import read_npz
from aepipe.datasets.images import ImageData
from aepipe.datasets.layouts import arrange, find_masks
from aepipe.datasets.locations import WAY_OUT, OneFile, check_location, existing, holds_arrays, is_zip, open_listing
from aepipe.datasets.one_by_one import row_names
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.datasets.spec import DataSetSpec, DataSetSummary, join_digests
from aepipe.datasets.tally import Tally
from aepipe.errors import BrokenFileError, ChangedDataError, DataError
from aepipe.io.names import printable_name

MIN_IMAGES = 2
MAX_SHOWN = 20

SUMMARY = DataSetSummary(
    name="images",
    num_images=None,
    image_shape=None,
    num_classes=None,
    split="none, or the user's own train, val and test folders",
    source="a folder, zip, npz or s3:// prefix",
    size_bytes=None,
)


def own_images_spec(location: str, settings: PictureSettings | None = None) -> DataSetSpec:
    """Return the data set at a location; nothing is read yet.

    What is built is what the identity names: a picture that comes later belongs to the next who asks.

    Args:
        location: A folder, a .zip or .npz file, or an s3:// prefix.
        settings: What is taken of the pictures.

    Raises:
        DataError: the location holds a password.
    """
    check_location(location)
    kind = _OwnArrays if holds_arrays(location) else _OwnFiles
    images = kind(location, settings or PictureSettings())
    return DataSetSpec(SUMMARY, lambda _: images.build(), digest=lambda: images.identity)


class _OwnArrays:
    """The arrays of an npz file."""

    def __init__(self, location: str, settings: PictureSettings):
        self._location, self._settings, self._file = location, settings, OneFile(location)

    @cached_property
    def identity(self) -> str:
        return self._file.sha256()

    def build(self) -> ImageData:
        images, labels = read_npz(existing(self._location))
        self._file.check_unchanged()
        images = in_form(images, self._settings)
        sizes = Counter({f"{images.shape[1]}x{images.shape[2]}": len(images)})
        decoded = Decoded(images, row_names(len(images)), Tally(), num_taken=len(images), sizes=sizes)
        return _image_data(self._location, decoded, len(images), labels)


class _OwnFiles:
    """The picture files of a folder, a zip file or a prefix."""

    def __init__(self, location: str, settings: PictureSettings):
        self._location, self._settings = location, settings
        self._file = OneFile(location) if is_zip(location) else None
        self._versions: dict[str, str] = {}

    @cached_property
    def identity(self) -> str:
        if self._file is not None:
            return self._file.sha256()
        self._versions = {
            member.name: version
            for member, version in in_order(_version, self._listing.members, self._listing.is_remote)
        }
        return join_digests(f"{name}\0{version}" for name, version in self._versions.items())

    @cached_property
    def _listing(self) -> Listing:
        """What lies there, taken once."""
        with open_listing(self._location) as listing:
            return listing

    def build(self) -> ImageData:
        if self._file is None:
            return self._build(self._listing)
        with open_listing(self._location) as listing:
            data = self._build(listing)
        self._file.check_unchanged()
        return data

    def _build(self, listing: Listing) -> ImageData:
        masks, tally = find_masks([member.name for member in listing.members]), listing.tally.copy()
        for name in sorted(masks):
            tally.add("mask", name)
        pictures = tuple(member for member in listing.members if member.name not in masks)
        decoded = decode_images(replace(listing, members=pictures, tally=tally), self._settings, self._check)
        layout = arrange(decoded.names)
        return _image_data(self._location, decoded, listing.num_files, layout.classes, layout.parts, layout.notes)

    def _check(self, member: Member, data: bytes) -> None:
        expected = self._versions.get(member.name)
        if expected is not None and member.version is None and hashlib.sha256(data).hexdigest() != expected:
            raise ChangedDataError(
                "A file was written after it was listed.", "Run again.", file=printable_name(member.name)
            )


def _version(member: Member) -> str:
    if member.version is not None:
        return member.version
    try:
        return hashlib.sha256(member.read()).hexdigest()
    except BrokenFileError:
        # It is left out of the images too, and counted there.
        return "too large"


def _image_data(
    location: str,
    decoded: Decoded,
    num_files: int,
    classes: Sequence[Any] | np.ndarray | None,
    parts: Sequence[str] | None = None,
    notes: tuple[str, ...] = (),
) -> ImageData:
    if len(decoded.images) < MIN_IMAGES:
        raise DataError(
            f"A data set must have at least {MIN_IMAGES} usable images.",
            WAY_OUT,
            location=location,
            num_images=len(decoded.images),
            num_files=num_files,
            reasons=[one.short for one in decoded.tally.left_out()],
        )
    label_names: tuple[str, ...] = ()
    labels = None
    if classes is not None:
        values, labels = np.unique(classes, return_inverse=True)
        label_names = tuple(str(value) for value in values)
    return ImageData(
        name=name_of(location),
        images=decoded.images,
        pixel_range=pixel_range_of(decoded.images, decoded.losses.get("deep_bits")),
        labels=None if labels is None else labels.astype(np.int64),
        label_names=label_names,
        parts=None if parts is None else np.array(parts),
        files=np.array(decoded.files) if decoded.num_with_frames else None,
        account=_account(decoded, num_files, [] if classes is None else [str(name) for name in classes], parts, notes),
    )


def _account(
    decoded: Decoded, num_files: int, classes: Sequence[str], parts: Sequence[str] | None, notes: tuple[str, ...]
) -> Account:
    by_class, doubles = Counter(classes), find_duplicates(decoded.images, decoded.names)
    return Account(
        num_files=num_files,
        num_taken=decoded.num_taken,
        num_images=len(decoded.images),
        num_with_frames=decoded.num_with_frames,
        image_shape=decoded.images.shape[1:],
        left_out=decoded.tally.left_out(),
        sizes=dict(decoded.sizes.most_common(MAX_SHOWN)),
        modes=dict(decoded.modes.most_common(MAX_SHOWN)),
        losses=Losses(**decoded.losses),
        num_duplicates=doubles.count,
        duplicates=doubles.pairs,
        classes=dict(by_class.most_common(MAX_SHOWN)),
        num_classes=len(by_class),
        parts=dict(Counter(part or "left to the split" for part in parts or ())),
        notes=(*notes, *(["all images are equal"] if doubles.count == len(decoded.images) - 1 else [])),
    )


def pixel_range_of(images: np.ndarray, bits: int | None = None) -> tuple[int, int]:
    """Return the values of black and white in one's own images; those of 16 bits a pixel use so many."""
    if images.dtype == np.uint16:
        return 0, (1 << (bits or 16)) - 1
    return (0, 255) if images.dtype == np.uint8 else (0, 1)


def name_of(location: str) -> str:
    """Return what the images at a location are called: images- and the last part of its path."""
    stem = Path(location.rstrip("/")).name.removesuffix(".zip").removesuffix(".npz")
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:40]
    return f"images-{slug}" if slug else "images"
