"""Few images: with a setting that is written for many, a training would end after a handful of steps."""

import math
from collections.abc import Collection
from typing import Any

from aepipe.training.settings import TrainingSettings

# What a training comes to something with: so many steps an epoch, and in all, of batches that are no single images.
MIN_STEPS_OF_EPOCH, MIN_STEPS, MIN_BATCH_SIZE = 20, 1000, 10
# About what is left of a data set when images to validate and to test are held out.
TRAINED_SHARE = 0.7
OF_LENGTH = ("epochs", "max_steps", "time_limit_minutes")


def fitted_to_few_images(settings: TrainingSettings, num_images: int, as_chosen: Collection[str]) -> dict[str, Any]:
    """Return what is changed about a setting's training for a data set of so many images; nothing for large ones.

    Batches are so small that an epoch has 20 steps, and 10 images at least; the rate falls with the root of the batch,
    as the noise of its gradient rises; there are as many epochs as 1,000 steps take.

    Args:
        settings: The setting's.
        num_images: Of the data set, those that are held out included.
        as_chosen: Names of what was chosen, which is left as it is.
    """
    largest, changes = _largest_batch(num_images), dict[str, Any]()
    if "batch_size" not in as_chosen and largest < settings.batch_size:
        changes["batch_size"] = largest
        if "learning_rate" not in as_chosen:
            changes["learning_rate"] = settings.learning_rate * math.sqrt(largest / settings.batch_size)
    if not set(OF_LENGTH) & set(as_chosen):
        steps_of_epoch = max(1, _num_trained(num_images) // changes.get("batch_size", settings.batch_size))
        changes["epochs"] = max(settings.epochs, math.ceil(MIN_STEPS / steps_of_epoch))
    return changes


def describe_few_images(settings: TrainingSettings, num_images: int) -> str | None:
    """Return in a line how few images are trained on; None where their number decided nothing."""
    if settings.batch_size != _largest_batch(num_images):
        return None
    length = f"{settings.epochs} epochs" if settings.max_steps is None else f"{settings.max_steps} steps"
    return f"{num_images:,} images are few: batches of {settings.batch_size}, {length} at most."


def _largest_batch(num_images: int) -> int:
    return max(MIN_BATCH_SIZE, _num_trained(num_images) // MIN_STEPS_OF_EPOCH)


def _num_trained(num_images: int) -> int:
    return max(1, int(TRAINED_SHARE * num_images))
