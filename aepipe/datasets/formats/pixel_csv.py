"""Images as text: a header `label,pixel0,pixel1,...`, then a label and the pixels of one image a line."""

from pathlib import Path

import numpy as np

from aepipe.errors import DataError


def read_pixel_csv(path: Path, num_images: int, num_pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels, (num_images,), and the pixels, (num_images, num_pixels), both uint8.

    Raises:
        DataError: another header, another number of rows or columns, or a value that is no integer from 0 to 255.
    """
    header = ",".join(["label", *(f"pixel{i}" for i in range(num_pixels))])
    with open(path, encoding="ascii", errors="replace", newline=None) as lines:
        first = lines.readline(len(header) + 2).rstrip("\n")
        if first != header:
            raise DataError(
                f"The first line must be label,pixel0,...,pixel{num_pixels - 1}.", starts=first[:40], length=len(first)
            )
        try:
            rows = np.loadtxt(lines, np.uint8, comments=None, delimiter=",", ndmin=2, max_rows=num_images + 1)
        except ValueError as error:
            raise DataError(f"Every line must hold {num_pixels + 1} integers from 0 to 255: {error}.") from error
    if rows.shape != (num_images, num_pixels + 1):
        raise DataError(f"The file must hold {num_images} lines of {num_pixels + 1} values.", shape=rows.shape)
    return rows[:, 0], rows[:, 1:]
