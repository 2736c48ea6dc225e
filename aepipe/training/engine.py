"""The one loop that trains every recipe. What differs between recipes is data: options, settings, images."""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np

from aepipe.errors import TrainingError
from aepipe.models.autoencoder import Autoencoder
from aepipe.models.layers import Corruption
from aepipe.training.batches import epoch_rows, num_epochs, steps_per_epoch
from aepipe.training.losses import LOSSES, mean_squared_error
from aepipe.training.runtime import keras, tf
from aepipe.training.settings import TrainingSettings

WARM_UP_SHARE = 0.05
VALIDATION_BATCH_SIZE = 500


@dataclass(frozen=True)
class Pixels:
    """Images as they are stored, and the values that become 0 and 1."""

    images: np.ndarray  # (num_images, height, width, channels), uint8 or float32
    pixel_range: tuple[float, float]


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to. `loss` counts the model's penalties; `mse` is per pixel in [0, 1]."""

    epoch: int
    loss: float
    mse: float
    validation_loss: float
    validation_mse: float
    learning_rate: float
    seconds: float

    @property
    def monitored(self) -> float:
        """The loss that decides which epoch was best: the validation's where there is one."""
        return self.loss if np.isnan(self.validation_loss) else self.validation_loss


class Callback(Protocol):
    """Watches a training. `should_stop` ends it after the epoch."""

    def on_epoch_end(self, autoencoder: Autoencoder, epoch: Epoch) -> None:
        """See an epoch's result, with the model as it is after it."""

    def on_train_end(self, autoencoder: Autoencoder) -> None:
        """Leave the model as it should be kept."""

    @property
    def should_stop(self) -> bool:
        """Whether the training should end now."""


def fit(
    autoencoder: Autoencoder,
    train: Pixels,
    validation: Pixels,
    settings: TrainingSettings,
    callbacks: Iterable[Callback] = (),
) -> list[Epoch]:
    """Train a model in place.

    Args:
        autoencoder: What is trained.
        train: The images that the loss is taken on.
        validation: Held out from training; may be empty.
        settings: Loss, optimizer, order, limits.
        callbacks: Called in order after each epoch and at the end.

    Returns:
        Each epoch's result, in order, counted from 1.

    Raises:
        TrainingError: the loss is no longer finite.
    """
    epochs = num_epochs(len(train.images), settings)
    total_steps = epochs * steps_per_epoch(len(train.images), settings.batch_size)
    optimizer = keras.optimizers.Adam(_learning_rate(settings, total_steps))
    train_epoch = _compile_epoch(autoencoder, train, settings, optimizer)
    validate = _compile_validation(autoencoder, validation, settings)
    history: list[Epoch] = []
    for number in range(1, epochs + 1):
        started = time.perf_counter()
        loss, mse = (float(value) for value in train_epoch(epoch_rows(len(train.images), settings, number - 1)))
        validation_loss, validation_mse = validate()
        rate, seconds = float(optimizer.learning_rate), time.perf_counter() - started
        history.append(Epoch(number, loss, mse, validation_loss, validation_mse, rate, seconds))
        if not np.isfinite([loss, history[-1].monitored]).all():
            raise TrainingError(
                "A loss must stay finite.",
                "Lower the learning rate.",
                epoch=number,
                loss=loss,
                learning_rate=settings.learning_rate,
            )
        for callback in callbacks:
            callback.on_epoch_end(autoencoder, history[-1])
        if any(callback.should_stop for callback in callbacks):
            break
    for callback in callbacks:
        callback.on_train_end(autoencoder)
    return history


def history_rows(history: list[Epoch]) -> list[dict[str, float]]:
    """Return one dict an epoch, as history.csv has them."""
    return [asdict(epoch) for epoch in history]


def _learning_rate(settings: TrainingSettings, total_steps: int):
    if settings.schedule == "constant":
        return settings.learning_rate
    warm_up = min(total_steps - 1, max(1, round(WARM_UP_SHARE * total_steps)))
    return keras.optimizers.schedules.CosineDecay(
        settings.learning_rate * 0.01,
        total_steps - warm_up,
        warmup_target=settings.learning_rate,
        warmup_steps=warm_up,
    )


def _compile_epoch(autoencoder: Autoencoder, train: Pixels, settings: TrainingSettings, optimizer):
    """Return a compiled function from rows, (num_steps, batch_size), to the mean loss and MSE of an epoch.

    The images lie on the device once and the whole epoch is one call: a step costs no Python.
    """
    images, scale, unit = tf.constant(train.images), _scaling(train), settings.loss_unit
    model, loss_of, corrupt = autoencoder.model, LOSSES[settings.loss], _corruption(settings)
    variables = model.trainable_variables
    optimizer.build(variables)

    @tf.function(reduce_retracing=True)
    def train_epoch(rows):
        total_loss, total_mse = tf.zeros(()), tf.zeros(())
        num_steps = tf.shape(rows)[0]
        for step in tf.range(num_steps):
            clean = scale(tf.gather(images, rows[step]))
            with tf.GradientTape() as tape:
                reconstructions = model(corrupt(clean, training=True), training=True)
                loss = loss_of(clean * unit, reconstructions * unit) + sum(model.losses)
            optimizer.apply(tape.gradient(loss, variables), variables)
            total_loss += loss
            total_mse += mean_squared_error(clean, reconstructions)
        count = tf.cast(num_steps, tf.float32)
        return total_loss / count, total_mse / count

    return train_epoch


def _compile_validation(autoencoder: Autoencoder, validation: Pixels, settings: TrainingSettings):
    """Return a function to the mean loss and MSE on the validation images; NaN where there are none.

    A denoiser's validation input is corrupted once, so that epochs are compared on the same noise.
    """
    num_images = len(validation.images)
    if not num_images:
        return lambda: (float("nan"), float("nan"))
    scale, unit, corrupt = _scaling(validation), settings.loss_unit, _corruption(settings)
    model, loss_of = autoencoder.model, LOSSES[settings.loss]
    batches = [
        validation.images[start : start + VALIDATION_BATCH_SIZE]
        for start in range(0, num_images, VALIDATION_BATCH_SIZE)
    ]
    corrupted = [corrupt(scale(batch), training=True) for batch in batches] if settings.corruption else batches

    @tf.function(reduce_retracing=True)
    def losses(inputs, targets):
        clean = scale(targets)
        reconstructions = model(inputs if settings.corruption else clean, training=False)
        loss = loss_of(clean * unit, reconstructions * unit) + sum(model.losses)
        return loss, mean_squared_error(clean, reconstructions)

    def validate() -> tuple[float, float]:
        pairs = zip(corrupted, batches, strict=True)
        totals = sum(len(targets) * np.array(losses(inputs, targets), np.float64) for inputs, targets in pairs)
        return tuple(float(total) for total in totals / num_images)

    return validate


def _scaling(pixels: Pixels):
    minimum, maximum = pixels.pixel_range

    def scale(images):
        return (tf.cast(images, tf.float32) - minimum) * (1 / (maximum - minimum))

    return scale


def _corruption(settings: TrainingSettings):
    """Return the layer that corrupts inputs, or one that passes them on."""
    if settings.corruption is None:
        return keras.layers.Identity()
    return Corruption(settings.corruption.kind, settings.corruption.level, seed=settings.seed)
