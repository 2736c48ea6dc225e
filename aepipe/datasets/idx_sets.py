"""Data sets in MNIST's layout: four gzipped idx files, training and test images and labels."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from aepipe.datasets.formats.idx import read_idx
from aepipe.datasets.images import ImageData
from aepipe.datasets.spec import Arrays, DataSetSpec, DataSetSummary, ExpectedArray, RemoteFile


def idx_file(
    array_name: str, file_name: str, size_bytes: int, sha256: str, expected: ExpectedArray, base_urls: Iterable[str]
) -> RemoteFile:
    """Return one of the four files; `sha256` is the published file's."""
    return RemoteFile(
        name=file_name,
        size_bytes=size_bytes,
        arrays={array_name: expected},
        decode=partial(_decode, array_name=array_name, shape=expected.shape),
        urls=tuple(base + file_name for base in base_urls),
        sha256=sha256,
    )


def idx_data_set(name: str, files: Sequence[RemoteFile], label_names: tuple[str, ...], source: str) -> DataSetSpec:
    """Return a data set of files that hold train_images, train_labels, test_images and test_labels."""
    expected: Mapping[str, ExpectedArray] = {key: rule for file in files for key, rule in file.arrays.items()}
    num_train, height, width = expected["train_images"].shape
    num_test = expected["test_images"].shape[0]
    summary = DataSetSummary(
        name=name,
        num_images=num_train + num_test,
        image_shape=(height, width, 1),
        num_classes=len(label_names),
        split=f"{num_train} train, {num_test} test",
        source=source,
        size_bytes=sum(file.size_bytes for file in files),
    )
    return DataSetSpec(summary, partial(_build, name=name, label_names=label_names), tuple(files))


def _decode(path: Path, array_name: str, shape: tuple[int, ...]) -> Arrays:
    return {array_name: read_idx(path, shape)}


def _build(arrays: Arrays, name: str, label_names: tuple[str, ...]) -> ImageData:
    return ImageData(
        name=name,
        images=np.concatenate([arrays["train_images"], arrays["test_images"]])[..., np.newaxis],
        pixel_range=(0, 255),
        labels=np.concatenate([arrays["train_labels"], arrays["test_labels"]]).astype(np.int64),
        label_names=label_names,
        num_official_train=len(arrays["train_images"]),
    )
