"""The first 42,000 official MNIST training images as a CSV with the columns label, pixel0 to pixel783."""

from functools import partial
from pathlib import Path

import numpy as np

from aepipe.datasets.formats.pixel_csv import read_pixel_csv
from aepipe.datasets.images import ImageData
from aepipe.datasets.spec import Arrays, DataSetSpec, DataSetSummary, ExpectedArray, RemoteFile

HEIGHT = WIDTH = 28
DIGITS = tuple("0123456789")


def csv_file(size_bytes: int, pixels: ExpectedArray, labels: ExpectedArray) -> RemoteFile:
    """Return the file; nobody offers it without a login, so it comes from a mirror only."""
    return RemoteFile(
        name="train.csv",
        size_bytes=size_bytes,
        arrays={"pixels": pixels, "labels": labels},
        decode=partial(_decode, num_rows=pixels.shape[0], num_pixels=pixels.shape[1]),
    )


def csv_data_set(file: RemoteFile) -> DataSetSpec:
    """Return the data set of this file."""
    summary = DataSetSummary(
        name="mnist-csv",
        num_images=file.arrays["pixels"].shape[0],
        image_shape=(HEIGHT, WIDTH, 1),
        num_classes=len(DIGITS),
        split="none",
        source="MNIST's first rows; mirrors only",
        size_bytes=file.size_bytes,
    )
    return DataSetSpec(summary, _build, (file,))


def _decode(path: Path, num_rows: int, num_pixels: int) -> Arrays:
    labels, pixels = read_pixel_csv(path, num_rows, num_pixels)
    return {"pixels": pixels, "labels": labels}


def _build(arrays: Arrays) -> ImageData:
    return ImageData(
        name="mnist-csv",
        images=arrays["pixels"].reshape(-1, HEIGHT, WIDTH, 1),
        pixel_range=(0, 255),
        labels=arrays["labels"].astype(np.int64),
        label_names=DIGITS,
    )


SPEC = csv_data_set(
    csv_file(
        76_732_581,
        ExpectedArray((42_000, 784), "0ccef4889624aec4130d39362e0d099326011c7fe3bb666104576d274d619882"),
        ExpectedArray((42_000,), "1922344a1f7cd76277663774bf4199e839fcb0d9444a0e323f30d041a07c0d65", 10),
    )
)
SUMMARY = SPEC.summary
