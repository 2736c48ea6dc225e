"""The Olivetti faces: 40 persons, ten photographs each, 64 x 64 grey. AT&T Laboratories Cambridge, edited by Roweis."""

from functools import partial
from pathlib import Path

import numpy as np

from aepipe.datasets.formats.matlab import read_matrix
from aepipe.datasets.images import ImageData
from aepipe.datasets.spec import Arrays, DataSetSpec, DataSetSummary, ExpectedArray, RemoteFile

SIDE = 64
IMAGES_PER_PERSON = 10


def faces_file(
    size_bytes: int, faces: ExpectedArray, urls: tuple[str, ...] = (), sha256: str | None = None
) -> RemoteFile:
    """Return the file that holds `faces`, (num_images, 4096)."""
    decode = partial(_decode, num_images=faces.shape[0], num_pixels=faces.shape[1])
    return RemoteFile("olivettifaces.mat", size_bytes, {"faces": faces}, decode, urls, sha256)


def faces_data_set(file: RemoteFile) -> DataSetSpec:
    """Return the data set of this file."""
    num_images = file.arrays["faces"].shape[0]
    num_persons = num_images // IMAGES_PER_PERSON
    summary = DataSetSummary(
        name="olivetti",
        num_images=num_images,
        image_shape=(SIDE, SIDE, 1),
        num_classes=num_persons,
        split=f"none; {IMAGES_PER_PERSON} images of each of {num_persons} persons",
        source="AT&T Laboratories Cambridge",
        size_bytes=file.size_bytes,
    )
    return DataSetSpec(summary, _build, (file,))


def _decode(path: Path, num_images: int, num_pixels: int) -> Arrays:
    # The file has a column an image.
    return {"faces": read_matrix(path, "faces", (num_pixels, num_images)).T}


def _build(arrays: Arrays) -> ImageData:
    faces = arrays["faces"]
    persons = np.arange(len(faces), dtype=np.int64) // IMAGES_PER_PERSON
    return ImageData(
        name="olivetti",
        # Each image is stored column by column.
        images=np.ascontiguousarray(faces.reshape(-1, SIDE, SIDE).transpose(0, 2, 1))[..., np.newaxis],
        # scikit-learn's convention: the darkest pixel of all images is 0, the brightest 1.
        pixel_range=(int(faces.min()), int(faces.max())),
        labels=persons,
        label_names=tuple(f"person {person}" for person in range(persons[-1] + 1)),
        persons=persons,
    )


SPEC = faces_data_set(
    faces_file(
        4_000_000,
        ExpectedArray((400, 4096), "b119468c2f13775df12d3950e7c96644811647a6e10d30617777f245bf9b2f8b"),
        ("https://ndownloader.figshare.com/files/5976027",),
        "b612fb967f2dc77c9c62d3e1266e0c73d5fca46a4b8906c18e454d41af987794",
    )
)
SUMMARY = SPEC.summary
