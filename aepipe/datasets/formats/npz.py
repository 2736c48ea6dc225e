"""A user's own arrays in an npz file: `images`, and `labels` where there are any."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from aepipe.errors import DataError
from aepipe.io.memory import memory_bytes

# The rest of the memory is for what is made of them.
SHARE_OF_MEMORY = 0.5
ARRAY_NAMES = ("images", "labels")
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


def read_npz(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Return images, (num_images, height, width, channels), uint8 or float32 in [0, 1], and labels, (num_images,).

    Raises:
        DataError: the file is damaged or too large, or its arrays have another type, shape or range.
    """
    arrays = _read_arrays(path)
    if "images" not in arrays:
        raise DataError("The npz file must hold an array named images.", arrays=sorted(arrays))
    images = _check_images(arrays["images"])
    labels = arrays.get("labels")
    if labels is not None and (labels.shape != images.shape[:1] or labels.dtype.kind not in "iuU"):
        raise DataError(
            "labels must hold one integer or text for each image.", shape=labels.shape, dtype=str(labels.dtype)
        )
    return images, labels


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {entry.filename.removesuffix(".npy"): entry.file_size for entry in archive.infolist()}
        most, num_bytes = int(memory_bytes() * SHARE_OF_MEMORY), sum(sizes.get(name, 0) for name in ARRAY_NAMES)
        if num_bytes > most:
            raise DataError(
                f"The arrays must have at most {most} bytes here, half of the memory.",
                "Take fewer images, or a machine with more memory.",
                num_bytes=num_bytes,
            )
        with np.load(path, allow_pickle=False) as content:
            return {name: content[name] for name in ARRAY_NAMES if name in content.files}
    except DAMAGED_FILE as error:
        raise DataError(f"The npz file is damaged or holds other things than arrays: {error}.") from error


def _check_images(images: np.ndarray) -> np.ndarray:
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not images.size:
        raise DataError("images must have the shape (n, h, w), (n, h, w, 1) or (n, h, w, 3).", shape=images.shape)
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise DataError("images must be uint8, or floats from 0 to 1.", dtype=str(images.dtype))
    # A NaN fails this too.
    if not (images.min() >= 0 and images.max() <= 1):
        raise DataError(
            "images of floats must lie from 0 to 1.", minimum=float(images.min()), maximum=float(images.max())
        )
    return images.astype(np.float32, copy=False)
