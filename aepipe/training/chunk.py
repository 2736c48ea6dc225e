"""A chunk of steps as one compiled function: Python is left once for many batches."""

from collections.abc import Callable

from aepipe.models.autoencoder import Autoencoder
from aepipe.training.distribution import share_out
from aepipe.training.feed import Feed
from aepipe.training.optimizer import NUM_STEP_VALUES
from aepipe.training.runtime import keras, resolve_precision, tf
from aepipe.training.settings import TrainingSettings
from aepipe.training.state import Losses
from aepipe.training.step import Step

# Four dense steps compiled into one take a sixth less time, and two seconds more to compile.
GROUPED_STEPS, MIN_STEPS = 4, 4000
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
Chunk = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def compile_chunk(step: Step, feed: Feed, group: int = 1, strategy: tf.distribute.Strategy | None = None) -> Chunk:
    """Return a compiled function from a chunk of a feed, and the optimizer's values for its steps, to each step's
    `Losses`, float32 of (num_steps, 3).

    Args:
        step: What is done with each batch.
        feed: Makes batches of what a chunk has.
        group: How many steps are compiled into one.
        strategy: Shares each batch out among devices; one device where None.
    """
    update, update_group = step.update, _in_a_row(step.update, group)
    if strategy is not None:
        update = share_out(update, strategy, feed.batch_size)
    elif _gains_from_xla(step.autoencoder, step.settings):
        update, update_group = (
            tf.function(function, jit_compile=True, autograph=False) for function in (update, update_group)
        )

    # Autograph would parse these sources while other threads of the process may parse theirs, which Python 3.11 can't.
    @tf.function(
        input_signature=[
            tf.TensorSpec((None, *feed.item.shape), feed.item.dtype),
            tf.TensorSpec((None, NUM_STEP_VALUES), tf.float32),
        ],
        autograph=False,
    )
    def train_chunk(items: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
        def run_group(first: tf.Tensor, losses: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            last = first + group
            results = update_group(*step.draw_group(feed.images(items[first:last]), group), values[first:last])
            for number in range(group):
                losses = losses.write(first + number, results[number])
            return last, losses

        def run_one(number: tf.Tensor, losses: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            return number + 1, losses.write(number, update(*step.draw(feed.images(items[number])), values[number]))

        num_steps, number = tf.shape(items)[0], tf.constant(0)
        losses = tf.TensorArray(tf.float32, num_steps, element_shape=(len(Losses._fields),))
        if group > 1:
            in_groups = num_steps // group * group
            number, losses = tf.while_loop(lambda first, _: first < in_groups, run_group, (number, losses))
        _, losses = tf.while_loop(lambda number, _: number < num_steps, run_one, (number, losses))
        return losses.stack()

    return train_chunk


def steps_in_a_group(autoencoder: Autoencoder, settings: TrainingSettings, num_steps: int) -> int:
    """Return how many steps are worth being compiled into one, in a training of so many."""
    return GROUPED_STEPS if num_steps >= MIN_STEPS and _gains_from_xla(autoencoder, settings) else 1


def _in_a_row(update: Callable, group: int) -> Callable:
    def update_group(images: tf.Tensor, inputs: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
        return tf.stack([update(images[number], inputs[number], values[number]) for number in range(group)])

    return update_group


def _gains_from_xla(autoencoder: Autoencoder, settings: TrainingSettings) -> bool:
    """Tell whether a step is faster under XLA.

    On two cores those of dense layers in float32 are: 28,000 images a second against 23,000 with AVX2, 26,300 against
    20,200 with AVX-512. In bfloat16 XLA computes as in float32, and its convolutions are slower than oneDNN's: 149
    images a second against 173. With one thread and AVX-512 oneDNN is 2 to 14% ahead; but a model must not depend on
    how many trainings there were beside it.
    """
    if tf.config.list_physical_devices("GPU"):
        return True
    layers = autoencoder.encoder.layers + autoencoder.decoder.layers
    convolves = any(isinstance(layer, CONVOLUTIONS) for layer in layers)
    return not convolves and resolve_precision(settings.precision) == "float32"
