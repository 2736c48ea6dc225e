"""CIFAR-10: 60,000 photographs of ten classes, 32 x 32 in color. Krizhevsky, Nair, Hinton."""

import math
from functools import partial
from pathlib import Path

import numpy as np

from aepipe.datasets.formats.pickled_batches import read_batch, read_tar_members
from aepipe.datasets.images import ImageData
from aepipe.datasets.spec import Arrays, DataSetSpec, DataSetSummary, ExpectedArray, RemoteFile
from aepipe.errors import DataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CHANNELS, HEIGHT, WIDTH = 3, 32, 32
FOLDER = "cifar-10-batches-py"
BATCHES = {"train": tuple(f"{FOLDER}/data_batch_{number}" for number in range(1, 6)), "test": (f"{FOLDER}/test_batch",)}


def batches_file(
    size_bytes: int, arrays: dict[str, ExpectedArray], urls: tuple[str, ...] = (), sha256: str | None = None
) -> RemoteFile:
    """Return the archive that holds train_images, train_labels, test_images and test_labels."""
    num_bytes = sum(math.prod(expected.shape) for expected in arrays.values())
    # File names and other facts of each image take a few dozen bytes beside its pixels.
    decode = partial(_decode, max_bytes=2 * num_bytes + (1 << 20))
    return RemoteFile("cifar-10-python.tar.gz", size_bytes, arrays, decode, urls, sha256)


def batches_data_set(file: RemoteFile) -> DataSetSpec:
    """Return the data set of this archive."""
    num_train, num_test = (file.arrays[f"{part}_labels"].shape[0] for part in BATCHES)
    summary = DataSetSummary(
        name="cifar10",
        num_images=num_train + num_test,
        image_shape=(HEIGHT, WIDTH, CHANNELS),
        num_classes=len(CLASSES),
        split=f"{num_train} train, {num_test} test",
        source="Krizhevsky, Nair, Hinton",
        size_bytes=file.size_bytes,
    )
    return DataSetSpec(summary, _build, (file,))


def _decode(path: Path, max_bytes: int) -> Arrays:
    members = read_tar_members(path, [name for names in BATCHES.values() for name in names], max_bytes)
    arrays = {}
    for part, names in BATCHES.items():
        batches = [_read_arrays(members.pop(name)) for name in names]
        arrays[f"{part}_images"] = np.concatenate([images for images, _ in batches])
        arrays[f"{part}_labels"] = np.concatenate([labels for _, labels in batches])
    return arrays


def _read_arrays(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels, (num_images, 3072), and the labels, (num_images,), of one batch."""
    batch = read_batch(data)
    images, labels = batch.get("data"), batch.get("labels")
    if not isinstance(images, np.ndarray) or images.ndim != 2 or images.shape[1] != CHANNELS * HEIGHT * WIDTH:
        raise DataError(f"A batch's data must be an array of rows of {CHANNELS * HEIGHT * WIDTH} bytes.")
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 256 for label in labels):
        raise DataError("A batch's labels must be a list of integers from 0 to 9.")
    return images, np.array(labels, np.uint8)


def _build(arrays: Arrays) -> ImageData:
    rows = np.concatenate([arrays["train_images"], arrays["test_images"]])
    return ImageData(
        name="cifar10",
        images=np.ascontiguousarray(rows.reshape(-1, CHANNELS, HEIGHT, WIDTH).transpose(0, 2, 3, 1)),
        pixel_range=(0, 255),
        labels=np.concatenate([arrays["train_labels"], arrays["test_labels"]]).astype(np.int64),
        label_names=CLASSES,
        num_official_train=len(arrays["train_labels"]),
    )


SPEC = batches_data_set(
    batches_file(
        170_498_071,
        {
            "train_images": ExpectedArray(
                (50_000, 3072), "9d5c2eddadb0deff02c14c350c0385aab7b1d5ff1edfeb4997c8dc8644960111"
            ),
            "train_labels": ExpectedArray(
                (50_000,), "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253", 10
            ),
            "test_images": ExpectedArray(
                (10_000, 3072), "177777c33ba79825320efa646ad04a94bdc3c80e4ebe3bd21724f8cdfd4b9d56"
            ),
            "test_labels": ExpectedArray(
                (10_000,), "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5", 10
            ),
        },
        ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    )
)
SUMMARY = SPEC.summary
