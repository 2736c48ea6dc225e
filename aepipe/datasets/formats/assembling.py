"""Pictures one by one become one array: its size, channels and range are known only when the last has come."""

from collections import Counter
from typing import Any

import numpy as np

from aepipe.datasets.formats.depth import DEEP_WHITE, WHITE, bits_of
from aepipe.datasets.formats.pictures import Picture, is_small_square, resized, to_8_bits
from aepipe.errors import DataError
from aepipe.io.memory import memory_bytes

# The rest is for what is made of them.
SHARE_OF_MEMORY = 0.5
GROWTH = 1.5
PLAIN, DEEP, NEGATIVE, DEEP_COLOR = range(4)


class Assembler:
    """An array that changes its form when a picture comes that does not fit into it.

    As long as all pictures are small squares of one size they stay so; with the first other one all are resized. It
    has one channel until a color picture comes, and 8 bits until one of 16 comes.

    Args:
        image_size: Height and width in pixels of images that have no common size.
        num_expected: About how many will come.
    """

    def __init__(self, image_size: int, num_expected: int):
        self._image_size = image_size
        self._images = np.empty((max(1, num_expected), 0, 0, 1), np.uint8)
        self._kinds: list[int] = []
        self._deep_bits = self._bulk_bits = self._deep_color_bits = self._negative_bits = 8
        self._smallest_negative = DEEP_WHITE
        self._file_sizes: Counter[tuple[int, int]] = Counter()
        self._num_transparent = self._num_grey = 0

    def add(self, picture: Picture) -> None:
        """Put a picture behind the others.

        Raises:
            DataError: they no longer fit into the memory.
        """
        count = len(self._kinds)
        if not count:
            self._allocate(self._first_size(picture), 1, np.uint8)
        if not is_small_square(picture) or len(picture.pixels) != self._images.shape[1]:
            self._resize_all()
            picture = resized(picture, self._image_size)
        channels = 3 if picture.pixels.ndim == 3 else 1
        if channels > self._images.shape[3]:
            self._change(self._images.shape[1], 3, self._images.dtype)
        if picture.is_deep and self._images.dtype == np.uint8:
            self._change(self._images.shape[1], self._images.shape[3], np.uint16)
        if count == len(self._images):
            self._grow()
        self._images[count] = self._fitting(picture)
        self._note(picture)

    def finish(self) -> tuple[np.ndarray, dict[str, Any]]:
        """Return the images, uint8, and what was taken away, by the names of `Losses`."""
        images, kinds = self._images[: len(self._kinds)], Counter(self._kinds)
        if kinds[NEGATIVE]:
            self._negative_bits = max(self._negative_bits, self._deep_bits)
            self._deep_bits = max(self._deep_bits, bits_of((1 << self._negative_bits) - 1 - self._smallest_negative))
        if images.dtype == np.uint16 or kinds[DEEP_COLOR]:
            images = self._to_8_bits(images)
        side = images.shape[1]
        cut = [(1 - min(size) / max(size), number) for size, number in self._file_sizes.items() if size[0] != size[1]]
        num_cut = sum(number for _, number in cut)
        num_deep = kinds[DEEP] + kinds[NEGATIVE]
        return images, {
            "num_cropped": num_cut,
            "share_cropped": round(sum(share * number for share, number in cut) / max(1, num_cut), 4),
            "num_reduced": sum(number for size, number in self._file_sizes.items() if min(size) > side),
            "num_enlarged": sum(number for size, number in self._file_sizes.items() if min(size) < side),
            "num_deep": num_deep,
            "deep_bits": self._deep_bits if num_deep else None,
            "bulk_bits": self._bulk_bits if num_deep else None,
            "num_deep_color": kinds[DEEP_COLOR],
            "deep_color_bits": self._deep_color_bits if kinds[DEEP_COLOR] else None,
            "num_negative": kinds[NEGATIVE],
            "num_transparent": self._num_transparent,
            "num_made_color": self._num_grey if images.shape[3] == 3 else 0,
        }

    def _first_size(self, picture: Picture) -> int:
        return len(picture.pixels) if is_small_square(picture) else self._image_size

    def _note(self, picture: Picture) -> None:
        self._file_sizes[picture.file_size] += 1
        self._num_transparent += picture.was_transparent
        self._num_grey += picture.pixels.ndim == 2
        if picture.is_deep:
            self._kinds.append(NEGATIVE if picture.is_negative else DEEP)
            self._bulk_bits = max(self._bulk_bits, picture.bulk_bits)
            if picture.is_negative:
                self._negative_bits = max(self._negative_bits, picture.bits)
                self._smallest_negative = min(self._smallest_negative, int(picture.pixels.min()))
            else:
                self._deep_bits = max(self._deep_bits, picture.bits)
        elif picture.is_deep_color:
            self._kinds.append(DEEP_COLOR)
            self._deep_color_bits = max(self._deep_color_bits, picture.bits)
        else:
            self._kinds.append(PLAIN)

    def _fitting(self, picture: Picture) -> np.ndarray:
        pixels = np.atleast_3d(picture.pixels)
        if self._images.dtype == np.uint16 and not picture.is_deep:
            # The two ranges of a byte and of 16 bits have the same black and white.
            pixels = pixels.astype(np.uint16) * (DEEP_WHITE // WHITE)
        return pixels

    def _allocate(self, side: int, channels: int, dtype: Any, capacity: int | None = None) -> None:
        shape = (capacity or len(self._images), side, side, channels)
        num_bytes, most = int(np.prod(shape)) * np.dtype(dtype).itemsize, int(memory_bytes() * SHARE_OF_MEMORY)
        if num_bytes > most:
            raise DataError(
                f"The decoded images must have at most {most} bytes here, half of the memory.",
                "Name a part of them, or take a machine with more memory.",
                num_images=shape[0],
                num_bytes=num_bytes,
            )
        self._images = np.empty(shape, dtype)

    def _grow(self) -> None:
        old = self._images
        self._allocate(old.shape[1], old.shape[3], old.dtype, int(len(old) * GROWTH) + 1)
        self._images[: len(old)] = old

    def _change(self, side: int, channels: int, dtype: Any) -> None:
        """Bring all pictures that are there into another form."""
        old, count = self._images, len(self._kinds)
        self._allocate(side, channels, dtype)
        factor = DEEP_WHITE // WHITE if old.dtype == np.uint8 and dtype == np.uint16 else 1
        for row in range(count):
            pixels = old[row]
            if old.shape[1] != side:
                squeezed = pixels[..., 0] if old.shape[3] == 1 else pixels
                whole = Picture("", squeezed, squeezed.shape[:2], "")
                pixels = np.atleast_3d(resized(whole, side).pixels)
            self._images[row] = pixels if factor == 1 else pixels.astype(np.uint16) * factor

    def _resize_all(self) -> None:
        if self._images.shape[1] != self._image_size:
            self._change(self._image_size, self._images.shape[3], self._images.dtype)

    def _to_8_bits(self, images: np.ndarray) -> np.ndarray:
        """Return images by the range that those of 16 bits use; the others come back as they were."""
        small = np.empty(images.shape, np.uint8)
        bits_of_kind = {DEEP_COLOR: self._deep_color_bits, NEGATIVE: self._negative_bits}
        for row, kind in enumerate(self._kinds):
            pixels = images[row]
            if images.dtype == np.uint16 and kind in (PLAIN, DEEP_COLOR):
                pixels = (pixels // (DEEP_WHITE // WHITE)).astype(np.uint8)
            bits = bits_of_kind.get(kind, self._deep_bits)
            picture = Picture("", pixels, pixels.shape[:2], "", bits, bits, kind == DEEP_COLOR, kind == NEGATIVE)
            small[row] = to_8_bits(picture, self._deep_bits if kind == NEGATIVE else None)
        return small
