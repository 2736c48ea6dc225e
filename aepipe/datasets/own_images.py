"""A user's own images: a folder, a zip or npz file, or an s3:// prefix. Sub-folders are classes."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from aepipe.datasets.formats.image_files import decode_images, decode_picture
from aepipe.datasets.formats.members import Member, list_folder, list_s3, open_zip
from aepipe.datasets.formats.npz import read_npz
from aepipe.datasets.images import ImageData
from aepipe.datasets.spec import DataSetSpec, DataSetSummary, join_digests
from aepipe.errors import DataError

IMAGE_SIZE = 64
MINIMUM_IMAGES = 2
WAY_OUT = "Name a folder, a .zip or .npz file or an s3://bucket/prefix with pictures: images:/path/to/them."

SUMMARY = DataSetSummary(
    name="images",
    num_images=None,
    image_shape=None,
    num_classes=None,
    split="none",
    source="a folder, zip, npz or s3:// prefix",
    size_bytes=None,
)


@dataclass(frozen=True)
class OwnImage:
    """One image by itself.

    Attributes:
        name: The file's name below the top, or the row in an npz file.
        decode: Takes the height and width that are wanted; returns (height, width, channels), uint8 or float32 in
            [0, 1], and the file's own (height, width). Raises `DataError`.
    """

    name: str
    decode: Callable[[int, int], tuple[np.ndarray, tuple[int, int]]]


@contextmanager
def open_images(location: str) -> Iterator[list[OwnImage]]:
    """Give the images at a location by name; pictures are read one by one, the arrays of an npz file at once.

    Raises:
        DataError: there are none, or they can't be listed.
    """
    if location.endswith(".npz"):
        images, _ = read_npz(_existing(location))
        digits = len(str(len(images) - 1))
        yield [OwnImage(f"{row:0{digits}d}", partial(_row, image)) for row, image in enumerate(images)]
        return
    with _open_members(location) as (members, _):
        if not members:
            raise DataError("There must be at least one picture.", WAY_OUT, location=location)
        yield [OwnImage(member.name, partial(decode_picture, member)) for member in members]


def _row(image: np.ndarray, height: int, width: int) -> tuple[np.ndarray, tuple[int, int]]:
    return image, image.shape[:2]


def own_images_spec(location: str, image_size: int = IMAGE_SIZE) -> DataSetSpec:
    """Return the data set at a location; nothing is read yet.

    Args:
        location: A folder, a .zip or .npz file, or an s3:// prefix.
        image_size: Height and width in pixels of pictures that have no common size.
    """
    build = partial(_build, location, image_size)
    return DataSetSpec(SUMMARY, lambda _: build(), digest=partial(_digest, location))


def _build(location: str, image_size: int) -> ImageData:
    if location.endswith(".npz"):
        images, classes = read_npz(_existing(location))
    else:
        with _open_members(location) as (members, _):
            images, names = decode_images(members, image_size)
        classes = _class_of_each(names)
    if len(images) < MINIMUM_IMAGES:
        raise DataError(
            f"A data set must have at least {MINIMUM_IMAGES} usable images.",
            WAY_OUT,
            location=location,
            num_images=len(images),
        )
    label_names, labels = (), None
    if classes is not None:
        values, labels = np.unique(classes, return_inverse=True)
        label_names = tuple(str(value) for value in values)
    return ImageData(
        name=_name(location),
        images=images,
        pixel_range=pixel_range_of(images),
        labels=None if labels is None else labels.astype(np.int64),
        label_names=label_names,
    )


def pixel_range_of(images: np.ndarray) -> tuple[int, int]:
    """Return the values of black and white in one's own images."""
    return (0, 255) if images.dtype == np.uint8 else (0, 1)


def _class_of_each(names: Sequence[str]) -> list[str] | None:
    """Return each image's first folder below the one that all share; None where some lie beside the folders."""
    paths = [PurePosixPath(name).parts for name in names]
    while paths and len({path[0] for path in paths}) == 1 and all(len(path) > 1 for path in paths):
        paths = [path[1:] for path in paths]
    return [path[0] for path in paths] if paths and all(len(path) > 1 for path in paths) else None


def _digest(location: str) -> str:
    if location.endswith((".npz", ".zip")) and not location.startswith("s3://"):
        return _file_sha256(_existing(location))
    with _open_members(location) as (members, versions):
        digests = ((member.name, versions.get(member.name) or _bytes_sha256(member)) for member in members)
        return join_digests(f"{name}\0{digest}" for name, digest in digests)


def _bytes_sha256(member: Member) -> str:
    try:
        return hashlib.sha256(member.read()).hexdigest()
    except DataError:
        # It is left out of the images too, with a warning.
        return "unreadable"


@contextmanager
def _open_members(location: str) -> Iterator[tuple[list[Member], dict[str, str]]]:
    """Give the picture files at a location, and a version for those that have one."""
    if location.startswith("s3://"):
        yield list_s3(location)
    elif _existing(location).is_dir():
        yield list_folder(_existing(location)), {}
    else:
        with open_zip(_existing(location)) as members:
            yield members, {}


def _existing(location: str) -> Path:
    path = Path(location).expanduser()
    if not path.exists():
        raise DataError("The images must exist.", WAY_OUT, location=location)
    return path


def _file_sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _name(location: str) -> str:
    stem = Path(location.rstrip("/")).name.removesuffix(".zip").removesuffix(".npz")
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:40]
    return f"images-{slug}" if slug else "images"
