"""Pictures one by one become one array: its channels and depth are known only when the last has come."""

from collections import Counter
from typing import Any

import numpy as np

from aepipe.datasets.formats.depth import widened
from aepipe.datasets.formats.fitting import Form, Size, cut_share
from aepipe.datasets.formats.pictures import Picture
from aepipe.errors import DataError
from aepipe.io.memory import memory_bytes

# The rest is for what is made of them.
SHARE_OF_MEMORY = 0.5
GROWTH = 1.5


class Assembler:
    """An array that changes its form when a picture comes that does not fit into it.

    It has one channel until a color picture comes, and 8 bits until one of 16 comes.

    Args:
        form: What the pictures have been brought to.
        num_expected: About how many will come.
    """

    def __init__(self, form: Form, num_expected: int):
        self._form = form
        self._images = np.empty((max(1, num_expected), *form.size, 1), np.uint8)
        self._is_deep: list[bool] = []
        self._deep_bits = self._bulk_bits = self._deep_color_bits = 8
        self._file_sizes: Counter[Size] = Counter()
        self._counts: Counter[str] = Counter()

    def add(self, picture: Picture) -> None:
        """Put a picture behind the others.

        Raises:
            DataError: they no longer fit into the memory.
        """
        count, pixels = len(self._is_deep), np.atleast_3d(picture.pixels)
        channels, dtype = max(pixels.shape[2], self._images.shape[3]), max(pixels.dtype, self._images.dtype)
        capacity = len(self._images) if count < len(self._images) else int(count * GROWTH) + 1
        if not count or (capacity, channels, dtype) != (len(self._images), self._images.shape[3], self._images.dtype):
            self._change(capacity, channels, dtype)
        self._images[count] = pixels
        self._note(picture)

    def finish(self) -> tuple[np.ndarray, dict[str, Any]]:
        """Return the images, uint8 or uint16, and what was taken away, by the names of `Losses`."""
        images = self._images[: len(self._is_deep)]
        if images.dtype == np.uint16:
            for row in np.flatnonzero(~np.array(self._is_deep)):
                images[row] = widened(images[row].astype(np.uint8), self._deep_bits)
        cut = {size: cut_share(size, self._form.size, self._form.fit) for size in self._file_sizes}
        num_cut = sum(number for size, number in self._file_sizes.items() if cut[size])
        total = sum(share * self._file_sizes[size] for size, share in cut.items())
        height, width = self._form.size
        larger = [size for size in cut if size[0] > height or size[1] > width]
        smaller = [size for size in cut if size not in larger and size != self._form.size]
        num_deep, num_deep_color = sum(self._is_deep), self._counts["deep_color"]
        return images, {
            "num_cropped": num_cut,
            "share_cropped": round(total / max(1, num_cut), 4),
            "num_reduced": sum(self._file_sizes[size] for size in larger),
            "num_enlarged": sum(self._file_sizes[size] for size in smaller),
            "num_deep": num_deep,
            "deep_bits": self._deep_bits if num_deep else None,
            "bulk_bits": self._bulk_bits if num_deep else None,
            "num_deep_color": num_deep_color,
            "deep_color_bits": self._deep_color_bits if num_deep_color else None,
            "num_negative": self._counts["negative"],
            "num_transparent": self._counts["transparent"],
            "num_made_color": self._counts["grey"] if images.shape[3] == 3 else 0,
        }

    def _note(self, picture: Picture) -> None:
        self._is_deep.append(picture.is_deep)
        self._file_sizes[picture.file_size] += 1
        self._counts["transparent"] += picture.was_transparent
        self._counts["negative"] += picture.was_negative
        self._counts["grey"] += picture.pixels.ndim == 2
        self._counts["deep_color"] += picture.is_deep_color
        if picture.is_deep_color:
            self._deep_color_bits = max(self._deep_color_bits, picture.bits)
        if picture.is_deep or picture.is_deep_color:
            self._deep_bits = max(self._deep_bits, picture.bits)
            self._bulk_bits = max(self._bulk_bits, picture.bulk_bits)

    def _change(self, capacity: int, channels: int, dtype: np.dtype) -> None:
        """Bring all pictures that are there into another form."""
        old, shape = self._images[: len(self._is_deep)], (capacity, *self._form.size, channels)
        num_bytes, most = int(np.prod(shape)) * dtype.itemsize, int(memory_bytes() * SHARE_OF_MEMORY)
        if num_bytes > most:
            raise DataError(
                f"The decoded images must have at most {most} bytes here, half of the memory.",
                "Name a part of them, or take a machine with more memory.",
                num_images=capacity,
                num_bytes=num_bytes,
            )
        self._images = np.empty(shape, dtype)
        self._images[: len(old)] = old
