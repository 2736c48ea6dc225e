"""Parts of a batch: a step that the memory has no room for computes one after the other, and moves the weights once."""

from collections.abc import Callable

from aepipe.errors import TrainingError
from aepipe.training.runtime import tf


class StepTooLargeError(TrainingError):
    """The memory has no room for a step.

    Args:
        batch_size: How many images its batch has.
        num_parts: In how many parts they were computed.
    """

    def __init__(self, batch_size: int, num_parts: int):
        super().__init__("A step must fit into the memory.", "Choose a smaller batch_size.", batch_size=batch_size)
        self.num_parts = num_parts


def next_num_parts(batch_size: int, num_parts: int) -> int | None:
    """Return how many equal parts to try next, at least twice as many; None where each has one image already."""
    return next((number for number in range(2 * num_parts, batch_size + 1) if batch_size % number == 0), None)


def sum_over_parts(compute: Callable, num_parts: int, images: tf.Tensor, inputs: tf.Tensor) -> tuple:
    """Return what some function of a batch comes to, added up over equal parts of it, each after the one before.

    Args:
        compute: From images and inputs to tensors whose shapes do not depend on how many images there are.
        num_parts: Divides the batch.
        images: (batch_size, height, width, channels).
        inputs: The same, perhaps with other channels.
    """
    if num_parts == 1:
        return compute(images, inputs)
    in_parts = [_divide(batch, num_parts) for batch in (images, inputs)]

    def add(number: tf.Tensor, total: tuple) -> tuple:
        found = compute(*(part[number] for part in in_parts))
        return number + 1, tf.nest.map_structure(tf.add, total, found)

    # The first is outside of the loop: it says of which shapes the sum is.
    first = compute(*(part[0] for part in in_parts))
    _, total = tf.while_loop(lambda number, _: number < num_parts, add, (tf.constant(1), first), parallel_iterations=1)
    return total


def _divide(batch: tf.Tensor, num_parts: int) -> tf.Tensor:
    size = -1 if batch.shape[0] is None else batch.shape[0] // num_parts
    return tf.reshape(batch, (num_parts, size, *batch.shape[1:]))
