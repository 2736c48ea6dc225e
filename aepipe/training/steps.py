"""A training's arithmetic, compiled: steps of a chunk of batches, and the losses on the validation images."""

from collections.abc import Callable

import numpy as np

from aepipe.models.autoencoder import Autoencoder
from aepipe.training.batches import Pixels
from aepipe.training.chance import Chance
from aepipe.training.losses import LOSSES, mean_squared_error
from aepipe.training.optimizer import FusedAdam
from aepipe.training.runtime import keras, tf
from aepipe.training.settings import TrainingSettings

VALIDATION_BATCH_SIZE = 500
# Four dense steps compiled into one take a sixth less time, and two seconds more to compile.
GROUPED_STEPS, LEAST_STEPS = 4, 4000
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)


def compile_steps(
    autoencoder: Autoencoder,
    optimizer: FusedAdam,
    chance: Chance,
    train: Pixels,
    settings: TrainingSettings,
    group: int = 1,
    strategy: tf.distribute.Strategy | None = None,
) -> Callable:
    """Return a compiled function from batches, (num_steps, batch_size, height, width, channels), and the optimizer's
    values for these steps, to each step's loss and MSE, float32 of (num_steps, 2).

    Args:
        autoencoder: What is trained, in place.
        optimizer: Built for its weights.
        chance: What is drawn for each batch.
        train: The images that the batches are of.
        settings: Loss, its unit, the batch size.
        group: How many steps are compiled into one.
        strategy: Shares each batch out among devices; one device where None.
    """
    scale, unit, loss_of = _scaling(train.pixel_range), settings.loss_unit, LOSSES[settings.loss]
    batch_size = min(settings.batch_size, len(train))
    model, variables = autoencoder.model, [variable.value for variable in autoencoder.model.trainable_variables]
    num_shares = 1 if strategy is None else strategy.num_replicas_in_sync

    def step(images, inputs, values):
        clean = scale(images)
        with tf.GradientTape() as tape:
            outputs = model(inputs if settings.corruption else clean, training=True)
            reconstructions = tf.cast(outputs, tf.float32)
            loss = (loss_of(clean * unit, reconstructions * unit) + sum(model.losses)) / num_shares
        optimizer.apply_step(tape.gradient(loss, variables), model.trainable_variables, values)
        return tf.stack([loss, mean_squared_error(clean, reconstructions) / num_shares])

    def group_step(images, inputs, values):
        return tf.stack([step(images[number], inputs[number], values[number]) for number in range(group)])

    def shared_step(images, inputs, values):
        number, size = tf.distribute.get_replica_context().replica_id_in_sync_group, batch_size // num_shares
        share = slice(number * size, (number + 1) * size)
        return step(images[share], inputs[share], values)

    def step_on_all(images, inputs, values):
        results = strategy.run(shared_step, args=(images, inputs, values))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, results, axis=None)

    one, several = step if strategy is None else step_on_all, group_step
    if strategy is None and _gains_from_xla(autoencoder):
        one, several = (tf.function(function, jit_compile=True, autograph=False) for function in (one, several))

    batches_of_a_chunk = tf.TensorSpec((None, batch_size, *train.images.shape[1:]), train.images.dtype)

    # Autograph would parse these sources while other threads of the process may parse theirs, which Python 3.11 can't.
    @tf.function(input_signature=[batches_of_a_chunk, tf.TensorSpec((None, 3), tf.float32)], autograph=False)
    def train_chunk(batches, values):
        def run_group(first, losses):
            last = first + group
            results = several(*chance.draw_group(batches[first:last], group, scale), values[first:last])
            for number in range(group):
                losses = losses.write(first + number, results[number])
            return first + group, losses

        def run_one(number, losses):
            return number + 1, losses.write(number, one(*chance.draw(batches[number], scale), values[number]))

        num_steps, number = tf.shape(batches)[0], tf.constant(0)
        losses = tf.TensorArray(tf.float32, num_steps, element_shape=(2,))
        if group > 1:
            in_groups = num_steps // group * group
            number, losses = tf.while_loop(lambda first, _: first < in_groups, run_group, (number, losses))
        _, losses = tf.while_loop(lambda number, _: number < num_steps, run_one, (number, losses))
        return losses.stack()

    return train_chunk


def compile_validation(autoencoder: Autoencoder, validation: Pixels, settings: TrainingSettings) -> Callable:
    """Return a function to the mean loss and MSE on the validation images; NaN where there are none.

    A denoiser's validation input is corrupted alike each time, so that epochs are compared on the same noise.
    """
    num_images = len(validation)
    if not num_images:
        return lambda: (float("nan"), float("nan"))
    scale, unit, corrupt = _scaling(validation.pixel_range), settings.loss_unit, Chance.of(settings).corruption
    model, loss_of = autoencoder.model, LOSSES[settings.loss]
    noise_state = corrupt.variables if corrupt else []
    initial = [variable.numpy() for variable in noise_state]

    @tf.function(reduce_retracing=True, autograph=False)
    def losses(images):
        clean = scale(images)
        inputs = corrupt(clean, training=True) if corrupt else clean
        reconstructions = tf.cast(model(inputs, training=False), tf.float32)
        loss = loss_of(clean * unit, reconstructions * unit) + sum(model.losses)
        return tf.stack([loss, mean_squared_error(clean, reconstructions)])

    def validate() -> tuple[float, float]:
        for variable, value in zip(noise_state, initial, strict=True):
            variable.assign(value)
        total = np.zeros(2)
        for start in range(0, num_images, VALIDATION_BATCH_SIZE):
            images = validation.take(np.arange(start, min(start + VALIDATION_BATCH_SIZE, num_images)))
            total += len(images) * losses(images).numpy().astype(np.float64)
        return tuple(float(value) for value in total / num_images)

    return validate


def steps_in_a_group(autoencoder: Autoencoder, num_steps: int) -> int:
    """Return how many steps are worth being compiled into one, in a training of so many."""
    return GROUPED_STEPS if num_steps >= LEAST_STEPS and _gains_from_xla(autoencoder) else 1


def _scaling(pixel_range: tuple[float, float]) -> Callable:
    minimum, maximum = pixel_range

    def scale(images):
        return (tf.cast(images, tf.float32) - minimum) * (1 / (maximum - minimum))

    return scale


def _gains_from_xla(autoencoder: Autoencoder) -> bool:
    """Tell whether a step is faster under XLA: on two cores 28,000 dense images a second against 23,000.

    On a CPU its convolutions are slower than oneDNN's: 149 images a second against 173.
    """
    layers = autoencoder.encoder.layers + autoencoder.decoder.layers
    convolves = any(isinstance(layer, CONVOLUTIONS) for layer in layers)
    return bool(tf.config.list_physical_devices("GPU")) or not convolves
