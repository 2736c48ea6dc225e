"""A user's own arrays in an npz file: `images`, and `labels` where there are any."""

import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from aepipe.errors import DataError
from aepipe.io.memory import memory_bytes

# The rest of the memory is for what is made of them.
SHARE_OF_MEMORY = 0.5
DAMAGED_FILE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,  # What zipfile raises for an encrypted entry.
    ValueError,
)


@dataclass(frozen=True)
class StoredArrays:
    """The arrays of a file, of which the images are read some at a time.

    Attributes:
        num_images: How many there are.
        size: (height, width) of each.
        labels: (num_images,) integers or texts, or None.
        chunks: Yields images, (some, height, width, channels), checked as `read_npz` does.
    """

    num_images: int
    size: tuple[int, int]
    labels: np.ndarray | None
    chunks: Iterator[np.ndarray]


@contextmanager
def open_npz(path: Path, chunk_bytes: int | None) -> Iterator[StoredArrays]:
    """Give the arrays of a file without holding all images.

    Args:
        path: The file.
        chunk_bytes: Images of so many bytes are read at a time; None reads all of them.

    Raises:
        DataError: as `read_npz` does, also while the chunks are read.
    """
    with ExitStack() as opened:
        with _damage_told():
            # NumPy opens more than zip files.
            archive = opened.enter_context(zipfile.ZipFile(path))
            content = opened.enter_context(np.load(path, allow_pickle=False))
            if "images" not in content.files:
                raise DataError("The npz file must hold an array named images.", arrays=sorted(content.files))
            stream = opened.enter_context(archive.open("images.npy"))
            shape, is_transposed, dtype = _header(stream)
            is_whole = chunk_bytes is None or is_transposed or dtype.hasobject
            _check_memory(archive, ("labels", "images") if is_whole else ("labels",))
            labels = content["labels"] if "labels" in content.files else None
            whole = content["images"] if is_whole else None
            _check_shape(shape)
            _check_labels(labels, shape[:1])
        chunks = _chunks(stream, shape, dtype, chunk_bytes or 0) if whole is None else iter([whole])
        yield StoredArrays(shape[0], (shape[1], shape[2]), labels, map(_check_images, chunks))


def _chunks(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype, chunk_bytes: int) -> Iterator[np.ndarray]:
    image_bytes = dtype.itemsize * math.prod(shape[1:])
    step = max(1, chunk_bytes // image_bytes)
    for start in range(0, shape[0], step):
        count = min(step, shape[0] - start)
        with _damage_told():
            data = stream.read(count * image_bytes)
            if len(data) < count * image_bytes:
                raise EOFError("the array ends early")
        yield np.frombuffer(data, dtype).reshape(count, *shape[1:])


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(stream)


def read_npz(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Return images, (num_images, height, width, channels), uint8, uint16 or float32 in [0, 1], and labels for each.

    Raises:
        DataError: the file is damaged or too large, or its arrays have another type, shape or range.
    """
    with open_npz(path, None) as stored:
        (images,) = stored.chunks
        return images, stored.labels


def _check_labels(labels: np.ndarray | None, shape: tuple[int, ...]) -> None:
    if labels is not None and (labels.shape != shape or labels.dtype.kind not in "iuU"):
        raise DataError(
            "labels must hold one integer or text for each image.", shape=labels.shape, dtype=str(labels.dtype)
        )


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except DAMAGED_FILE as error:
        raise DataError(f"The npz file is damaged or holds other things than arrays: {error}.") from error


def _check_memory(archive: zipfile.ZipFile, names: Sequence[str]) -> None:
    """Check that arrays that are read whole fit into the memory."""
    sizes = {entry.filename.removesuffix(".npy"): entry.file_size for entry in archive.infolist()}
    most, num_bytes = int(memory_bytes() * SHARE_OF_MEMORY), sum(sizes.get(name, 0) for name in names)
    if num_bytes > most:
        raise DataError(
            f"The arrays must have at most {most} bytes here, half of the memory.",
            "Take fewer images, or a machine with more memory.",
            num_bytes=num_bytes,
        )


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3)) or not math.prod(shape):
        raise DataError("images must have the shape (n, h, w), (n, h, w, 1) or (n, h, w, 3).", shape=shape)


def _check_images(images: np.ndarray) -> np.ndarray:
    _check_shape(images.shape)
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.dtype.kind == "u" and images.dtype.itemsize <= 2:
        return images.astype(images.dtype.newbyteorder("="), copy=False)
    if images.dtype.kind != "f":
        raise DataError("images must be uint8, uint16, or floats from 0 to 1.", dtype=str(images.dtype))
    # A NaN fails this too.
    if not (images.min() >= 0 and images.max() <= 1):
        raise DataError(
            "images of floats must lie from 0 to 1.", minimum=float(images.min()), maximum=float(images.max())
        )
    return images.astype(np.float32, copy=False)
