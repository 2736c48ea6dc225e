"""Data sets of one's own as the data stage leaves them in a store: images, and an index of a row for each."""

import hashlib
import itertools

import numpy as np

from aepipe.datasets.index import make_index, write_index
from aepipe.stages.facts import DataFacts
from aepipe.stages.results import DataResult, produce_stage

_number = itertools.count()


def pictures(count: int, first: int = 0) -> np.ndarray:
    """Return (count, 8, 8, 1) different pictures, each known by its number."""
    return np.stack([_picture(number) for number in range(first, first + count)])


def _picture(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (8, 8, 1), np.uint8)


def put_own(
    store, images: np.ndarray, name: str = "images-mine", form: str = "8x8-crop", indexed: bool = True, **columns
) -> DataResult:
    """Put images and their index into a store.

    Args:
        store: Where they go.
        images: (num_images, height, width, channels).
        name: The data set's.
        form: What was made of the pictures.
        indexed: An older version left no index.
        **columns: More of the index, a value for each image.
    """
    digests = [hashlib.sha256(np.ascontiguousarray(image)).hexdigest() for image in images]
    rows = [
        {"path": f"{row:05}.png", "bytes_sha256": digest, "pixels_sha256": digest, "state": "ok"}
        | {column: values[row] for column, values in columns.items()}
        for row, digest in enumerate(digests)
    ]

    def write(folder):
        np.save(folder / "images.npy", images)
        if indexed:
            write_index(make_index(rows, {"form": form}), folder / "index.parquet")
        return DataFacts(
            name=name,
            data_set=f"images:/{name}",
            num_images=len(images),
            image_shape=images.shape[1:],
            pixel_range=(0, 255),
            images_sha256=hashlib.sha256("".join([form, *digests]).encode()).hexdigest(),
        )

    return produce_stage(store, "data", f"{next(_number):064x}", DataResult, write)
