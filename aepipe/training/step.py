"""One step of a training: a batch is drawn, reconstructed and compared, and the weights move."""

from collections.abc import Callable
from dataclasses import dataclass

from aepipe.models.autoencoder import Autoencoder
from aepipe.training.losses import loss_of, mean_squared_error
from aepipe.training.optimizer import FusedAdam
from aepipe.training.perturbation import Perturbation, seen_by_model, what_counts
from aepipe.training.runtime import keras, tf
from aepipe.training.settings import TrainingSettings


@dataclass(frozen=True)
class Step:
    """What a step does, whoever compiles it and however many devices share it.

    Attributes:
        autoencoder: What is trained, in place.
        optimizer: Built for its weights.
        perturbation: What is drawn for each batch.
        settings: Loss and its unit.
        pixel_range: The stored values that become 0 and 1.
        num_shares: How many devices share a batch; each adds its share of the loss.
    """

    autoencoder: Autoencoder
    optimizer: FusedAdam
    perturbation: Perturbation
    settings: TrainingSettings
    pixel_range: tuple[float, float]
    num_shares: int = 1

    def draw(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return a batch as it is this time, and the input for it: what `update` takes."""
        return self.perturbation.draw(images, self.scale)

    def draw_group(self, batches: tf.Tensor, group: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the same for so many batches at once."""
        return self.perturbation.draw_group(batches, group, self.scale)

    def update(self, images: tf.Tensor, inputs: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
        """Move the weights once, and return the `Losses` before that, float32 of (3,).

        Args:
            images: (batch_size, height, width, channels), as they are stored: the target.
            inputs: The same, or scaled to [0, 1] and noisy.
            values: The optimizer's numbers for this step, (4,).
        """
        model, reconstruction_loss = self.autoencoder.model, loss_of(self.settings)
        clean = self.scale(images)
        weights = [variable.value for variable in model.trainable_variables]
        with tf.GradientTape() as tape:
            seen = seen_by_model(self.settings, inputs) if self.perturbation.has_inputs else clean
            outputs = tf.cast(model(seen, training=True), tf.float32)
            reconstructions, times = what_counts(self.settings, inputs, clean, outputs)
            penalty = penalty_of(model) / self.num_shares
            loss = times * reconstruction_loss(clean, reconstructions) / self.num_shares + penalty
        self.optimizer.apply_step(tape.gradient(loss, weights), model.trainable_variables, values)
        return tf.stack([loss, times * mean_squared_error(clean, reconstructions) / self.num_shares, penalty])

    @property
    def scale(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """What makes float32 in [0, 1] of stored values."""
        return scaling(self.pixel_range)


def penalty_of(model: keras.Model) -> tf.Tensor:
    """Return what a model that was just called adds to the loss, a float32 scalar."""
    return tf.cast(tf.add_n(model.losses), tf.float32) if model.losses else tf.zeros(())


def scaling(pixel_range: tuple[float, float]) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return what makes float32 in [0, 1] of stored values."""
    minimum, maximum = pixel_range

    def scale(images: tf.Tensor) -> tf.Tensor:
        return (tf.cast(images, tf.float32) - minimum) * (1 / (maximum - minimum))

    return scale
