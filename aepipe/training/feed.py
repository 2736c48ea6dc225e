"""Feeds of a training: how images come to its steps, from memory beside them or from disk while they compute."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np

from aepipe.training.batches import Pixels
from aepipe.training.cost import device_memory_bytes
from aepipe.training.runtime import tf

# A data set up to this size, and this share of the device's memory, lies there as a whole.
MAX_RESIDENT_BYTES, MAX_RESIDENT_SHARE = 1 << 30, 1 / 16
# Bounds what of a larger one is held beside it.
MAX_CHUNK_BYTES = 1 << 25
NumSteps = Callable[[], int]


class Feed(Protocol):
    """Gives steps their images, some steps at a time: `chunks` on the host, `images` where the steps are compiled.

    Attributes:
        batch_size: Images a step.
        item: Shape and type of what a chunk has for one step.
    """

    batch_size: int
    item: tf.TensorSpec

    def chunks(self, rows: np.ndarray, num_steps: NumSteps, group: int) -> Iterator[np.ndarray]:
        """Yield what `images` takes for some steps at a time, (num_steps, *item.shape).

        Args:
            rows: Positions of the images, (num_steps, batch_size).
            num_steps: Says how many steps the next chunk should have.
            group: A chunk has a multiple of this, so that steps are grouped alike however chunks are cut.
        """

    def images(self, items: tf.Tensor) -> tf.Tensor:
        """Return the images of one step's item, or of several: (..., batch_size, height, width, channels)."""


class Resident:
    """All images lie where the steps are computed; a chunk has their positions.

    On a GPU the host would gather too few images a second, and copy each again in every epoch; on a CPU a thread that
    gathers them takes a core from the steps.
    """

    def __init__(self, train: Pixels, batch_size: int):
        self.batch_size = batch_size
        self.item = tf.TensorSpec((batch_size,), tf.int32)
        self._images = tf.constant(train.take(np.arange(len(train))))

    def chunks(self, rows: np.ndarray, num_steps: NumSteps, group: int) -> Iterator[np.ndarray]:
        """Yield positions."""
        for start, end in _cuts(len(rows), num_steps, group):
            yield rows[start:end].astype(np.int32)

    def images(self, items: tf.Tensor) -> tf.Tensor:
        """Return the images at these positions."""
        return tf.gather(self._images, items)


class Streamed:
    """A chunk has images themselves; the next are read while the steps are computed."""

    def __init__(self, train: Pixels, batch_size: int):
        self.batch_size = batch_size
        self.item = tf.TensorSpec((batch_size, *train.taken_shape), train.dtype)
        self._train = train

    def chunks(self, rows: np.ndarray, num_steps: NumSteps, group: int) -> Iterator[np.ndarray]:
        """Yield images, at most 32 MiB of them."""
        most = max(1, MAX_CHUNK_BYTES // (self.batch_size * self._train.image_bytes))
        with ThreadPoolExecutor(1) as reader:
            pending = None
            for start, end in _cuts(len(rows), lambda: min(most, num_steps()), group):
                ahead = reader.submit(self._train.take, rows[start:end])
                if pending:
                    yield pending.result()
                pending = ahead
            if pending:
                yield pending.result()

    def images(self, items: tf.Tensor) -> tf.Tensor:
        """Return them as they are."""
        return items


def feed_for(train: Pixels, batch_size: int, is_shared: bool) -> Feed:
    """Return how a training's images come to its steps.

    Args:
        train: The images.
        batch_size: Images a step, no more than there are.
        is_shared: Several devices share each batch: none of them has all images.
    """
    room = min(MAX_RESIDENT_BYTES, MAX_RESIDENT_SHARE * device_memory_bytes())
    is_resident = not is_shared and len(train) * train.image_bytes <= room
    return (Resident if is_resident else Streamed)(train, batch_size)


def _cuts(total: int, num_steps: NumSteps, group: int) -> Iterator[tuple[int, int]]:
    """Yield where chunks of so many steps start and end."""
    start = 0
    while start < total:
        end = min(total, start + max(1, num_steps() // group) * group)
        yield start, end
        start = end
