"""Distribution of a step: each batch is shared out among the devices of one machine."""

from collections.abc import Callable

from aepipe.errors import ParameterError
from aepipe.training.runtime import tf
from aepipe.training.settings import Devices


def distribution(devices: Devices, batch_size: int) -> tf.distribute.Strategy | None:
    """Return the strategy that shares batches out among the machine's GPUs; None for one device.

    Raises:
        ParameterError: the batch can't be shared out equally.
    """
    names = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if devices == "one" or len(names) == 1:
        return None
    if batch_size % len(names):
        raise ParameterError(
            f"A batch is shared out equally among {len(names)} devices.",
            f"Choose a multiple of {len(names)}.",
            batch_size=batch_size,
        )
    return tf.distribute.MirroredStrategy([device.name for device in names])


def share_out(update: Callable, strategy: tf.distribute.Strategy, batch_size: int) -> Callable:
    """Return a function of a whole batch whose devices each do `update` with their share, and that adds the results."""
    size = batch_size // strategy.num_replicas_in_sync

    def update_share(images: tf.Tensor, inputs: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        share = slice(number * size, (number + 1) * size)
        return update(images[share], inputs[share], values)

    def update_all(images: tf.Tensor, inputs: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
        results = strategy.run(update_share, args=(images, inputs, values))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, results, axis=None)

    return update_all
