"""Room for a step: a training that runs out of memory goes on with its batches in parts."""

import logging
from collections.abc import Callable

from aepipe.errors import TrainingError
from aepipe.models.autoencoder import Autoencoder
from aepipe.training.cost import device_memory_bytes
from aepipe.training.parts import StepTooLargeError, next_num_parts
from aepipe.training.trainer import Trained, Trainer

logger = logging.getLogger(__name__)


def run_where_there_is_room(begin: Callable[[int], Trainer]) -> tuple[Autoencoder, Trained]:
    """Return a model and what its training came to.

    Where memory runs out for a step, it may have moved some weights and not others. So a new trainer goes on from the
    last checkpoint, or anew, with batches in at least twice as many parts.

    Args:
        begin: Makes a trainer that computes each batch in so many parts, in the state of a training's begin.

    Raises:
        TrainingError: there is no room for one image of a batch at a time, or the loss is no longer finite.
        TrainingInterruptedError: it was told to stop; its state is saved.
    """
    num_parts = 1
    while True:
        trainer = begin(num_parts)
        try:
            return trainer.autoencoder, trainer.run()
        except StepTooLargeError as error:
            num_parts = _more_parts(trainer, error.num_parts)
        # Its memory is needed by the next.
        del trainer


def _more_parts(trainer: Trainer, num_parts: int) -> int:
    """Return how many parts to try next, and say so."""
    num_images, room = trainer.share_of_batch, f"{device_memory_bytes() / 1e9:.1f} GB"
    more = next_num_parts(num_images, num_parts)
    if more is None:
        raise TrainingError(
            f"A step must fit into the {room} of the device, one image of its batch at a time.",
            "Choose a smaller data.size or a smaller model, or train fewer at a time (at_once).",
            batch_size=num_images,
        )
    line = "A step on %d images has no room in the %s of the device. The training goes on from its last checkpoint, or "
    logger.warning(
        f"{line}anew, with batches in %d parts of %d: %s.",
        *(num_images // num_parts, room, more, num_images // more),
        _describe_result(trainer.autoencoder),
    )
    return more


def _describe_result(autoencoder: Autoencoder) -> str:
    # Statistics of batches, and states of random generators.
    if autoencoder.model.non_trainable_variables:
        return "other weights than of whole batches, because the model normalises, or draws, for each part by itself"
    return "slower, and the same weights but for rounding"
