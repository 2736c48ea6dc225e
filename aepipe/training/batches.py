"""Batches of an epoch: which images each step sees."""

import math
from dataclasses import dataclass, replace

import numpy as np

from aepipe.arrays import Images
from aepipe.training.settings import TrainingSettings

# A data set up to this size is shuffled as a whole; pages of a larger one would be read again for every image.
MAX_SHUFFLED_BYTES = 1 << 30
BLOCK_BYTES, BLOCKS_AT_ONCE = 1 << 22, 32
# Who is told to stop does so after a chunk of steps at the latest.
CHUNK_SECONDS = 0.25


@dataclass(frozen=True)
class Pixels:
    """Images as they are stored, on disk or in memory, and the values that become 0 and 1.

    Attributes:
        images: (num_stored, height, width, channels), uint8, uint16 or float32; a memory map is read as it is needed.
        pixel_range: What becomes 0 and 1.
        rows: Which of the stored images; all where None.
        clean: What each is to become, of the same shape and type; None where that is the image itself.
    """

    images: Images
    pixel_range: tuple[float, float]
    rows: np.ndarray | None = None
    clean: Images | None = None

    def __len__(self) -> int:
        return len(self.images) if self.rows is None else len(self.rows)

    def take(self, positions: np.ndarray) -> np.ndarray:
        """Return the images at these positions, with the positions' shape in front, of type `dtype`.

        A pair is one image with the channels of both, the noisy one's first: what is done to one is done to the other.
        """
        rows = positions if self.rows is None else self.rows[positions]
        images: np.ndarray = self.images[rows]
        if self.clean is not None:
            images = np.concatenate([images, self.clean[rows]], axis=-1)
        return images.astype(self.dtype, copy=False)

    def scaled(self, positions: np.ndarray) -> np.ndarray:
        """Return the images at these positions as float32 in [0, 1]; of pairs the noisy ones."""
        minimum, maximum = self.pixel_range
        images = replace(self, clean=None).take(positions).astype(np.float32, copy=False)
        return (images - minimum) * np.float32(1 / (maximum - minimum))

    @property
    def targets(self) -> "Pixels":
        """What the images are to become: the clean ones of pairs, otherwise they themselves."""
        return self if self.clean is None else replace(self, images=self.clean, clean=None)

    @property
    def has_pairs(self) -> bool:
        """Whether what is taken has the channels of a noisy image and those of its clean one."""
        return self.clean is not None

    @property
    def taken_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one image that is taken."""
        height, width, channels = self.images.shape[1:]
        return height, width, 2 * channels if self.has_pairs else channels

    @property
    def dtype(self) -> np.dtype:
        """Type of what is taken: not every operation of a GPU knows uint16, whose values float32 holds exactly."""
        return np.dtype(np.float32) if self.images.dtype == np.uint16 else self.images.dtype

    @property
    def image_bytes(self) -> int:
        """Size of one image that is taken."""
        return self.dtype.itemsize * math.prod(self.taken_shape)


@dataclass
class Pace:
    """How many steps make a chunk: a quarter of a second of them, on this machine at this moment.

    Attributes:
        steps: Of the next chunk.
    """

    steps: int = 1

    def adapt(self, num_steps: int, seconds: float) -> None:
        """Learn what the last chunk took; it may be four times as long at most."""
        self.steps = max(1, min(4 * num_steps, round(CHUNK_SECONDS * num_steps / seconds)))


def steps_per_epoch(num_images: int, batch_size: int) -> int:
    """Return the number of full batches in one pass; at least one."""
    return max(1, num_images // batch_size)


def total_steps(num_images: int, settings: TrainingSettings) -> int:
    """Return how many steps run at most."""
    steps = settings.epochs * steps_per_epoch(num_images, settings.batch_size)
    return steps if settings.max_steps is None else min(steps, settings.max_steps)


def num_epochs(num_images: int, settings: TrainingSettings) -> int:
    """Return how many epochs run at most; the last one may be a part of one."""
    return -(-total_steps(num_images, settings) // steps_per_epoch(num_images, settings.batch_size))


def epoch_rows(num_images: int, settings: TrainingSettings, epoch: int, image_bytes: int = 1) -> np.ndarray:
    """Return the positions of each step of an epoch, int64 of (num_steps, batch_size).

    Shuffled, the order depends on the seed and the epoch alone, so that a training can start at any epoch; the images
    left over by the last full batch are other ones in each epoch. In order, an epoch goes on where the one before
    ended, around the end of the data. A data set over 1 GiB is shuffled in blocks of 4 MiB, and images within 32
    blocks at a time, so that it is read once an epoch.
    """
    batch_size = min(settings.batch_size, num_images)
    num_steps = steps_per_epoch(num_images, batch_size)
    num_rows = num_steps * batch_size
    if settings.shuffle:
        generator = np.random.Generator(np.random.PCG64([settings.seed, epoch]))
        whole = num_images * image_bytes <= MAX_SHUFFLED_BYTES
        order = generator.permutation(num_images) if whole else _blockwise(generator, num_images, image_bytes)
    else:
        order = (np.arange(num_rows) + epoch * num_rows) % num_images
    steps_left = total_steps(num_images, settings) - epoch * num_steps
    return order[:num_rows].reshape(num_steps, batch_size)[:steps_left]


def _blockwise(generator: np.random.Generator, num_images: int, image_bytes: int) -> np.ndarray:
    """Return a permutation whose neighbours lie in a few blocks: blocks are shuffled, then images among some blocks."""
    block = max(1, BLOCK_BYTES // image_bytes)
    starts = generator.permutation(np.arange(0, num_images, block))
    windows = (starts[first : first + BLOCKS_AT_ONCE] for first in range(0, len(starts), BLOCKS_AT_ONCE))
    blocks = ([np.arange(start, min(start + block, num_images)) for start in window] for window in windows)
    return np.concatenate([generator.permutation(np.concatenate(window)) for window in blocks])
