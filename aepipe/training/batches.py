"""Which images each step of an epoch sees."""

import numpy as np

from aepipe.training.settings import TrainingSettings


def steps_per_epoch(num_images: int, batch_size: int) -> int:
    """Return the number of full batches in one pass; at least one."""
    return max(1, num_images // batch_size)


def num_epochs(num_images: int, settings: TrainingSettings) -> int:
    """Return how many epochs run at most, with the limit on steps applied."""
    if settings.max_steps is None:
        return settings.epochs
    return max(1, min(settings.epochs, settings.max_steps // steps_per_epoch(num_images, settings.batch_size)))


def epoch_rows(num_images: int, settings: TrainingSettings, epoch: int) -> np.ndarray:
    """Return the rows of each step of an epoch, int32 of (num_steps, batch_size).

    Shuffled, the order depends on the seed and the epoch alone, so that a training can start at any epoch; the rows
    left over by the last full batch are other ones in each epoch. In order, an epoch goes on where the one before
    ended, around the end of the data.
    """
    batch_size = min(settings.batch_size, num_images)
    num_steps = steps_per_epoch(num_images, batch_size)
    if settings.shuffle:
        order = np.random.Generator(np.random.PCG64([settings.seed, epoch])).permutation(num_images)
        rows = order[: num_steps * batch_size]
    else:
        rows = (np.arange(num_steps * batch_size) + epoch * num_steps * batch_size) % num_images
    return rows.reshape(num_steps, batch_size).astype(np.int32)
