"""One step of a training: a batch is drawn, reconstructed and compared, and the weights move."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aepipe.models.autoencoder import Autoencoder
from aepipe.training.loss_scale import LossScale
from aepipe.training.losses import loss_of, mse_beside
from aepipe.training.optimizer import FusedAdam
from aepipe.training.parts import sum_over_parts
from aepipe.training.perturbation import Perturbation, how_much_counts, seen_by_model, what_counts
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
        num_parts: How many parts a device computes its share in, one after the other.
        loss_scale: Keeps gradients in float16 from being rounded to 0; None where there are no such.
    """

    autoencoder: Autoencoder
    optimizer: FusedAdam
    perturbation: Perturbation
    settings: TrainingSettings
    pixel_range: tuple[float, float]
    num_shares: int = 1
    num_parts: int = 1
    loss_scale: LossScale | None = None

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
        share = how_much_counts(self.settings, inputs) / (self.num_shares * self.num_parts)
        losses, gradients = sum_over_parts(partial(self._compute, share), self.num_parts, images, inputs)
        variables = self.autoencoder.model.trainable_variables
        if self.loss_scale is None:
            self.optimizer.apply_step(gradients, variables, values)
        else:
            self.loss_scale.apply(gradients, lambda unscaled: self.optimizer.apply_step(unscaled, variables, values))
        return losses

    def _compute(self, share: tf.Tensor | float, images: tf.Tensor, inputs: tf.Tensor) -> tuple:
        """Return a part's share of the `Losses` of a batch, and of the gradients."""
        model, reconstruction_loss = self.autoencoder.model, loss_of(self.settings)
        clean = self.scale(images)
        weights = [variable.value for variable in model.trainable_variables]
        with tf.GradientTape() as tape:
            seen = seen_by_model(self.settings, inputs) if self.perturbation.has_inputs else clean
            outputs = tf.cast(model(seen, training=True), tf.float32)
            reconstructions = what_counts(self.settings, inputs, clean, outputs)
            penalty = penalty_of(model) / (self.num_shares * self.num_parts)
            of_pixels = reconstruction_loss(clean, reconstructions)
            loss = share * of_pixels + penalty
            differentiated = loss if self.loss_scale is None else self.loss_scale.scaled(loss)
        mse = share * mse_beside(of_pixels, clean, reconstructions, self.settings)
        losses = tf.stack([loss, mse, penalty])
        return losses, tape.gradient(differentiated, weights)

    @property
    def variables(self) -> list[keras.Variable]:
        """All that it changes."""
        changed = [*self.autoencoder.model.variables, *self.optimizer.variables, *self.perturbation.variables]
        return changed if self.loss_scale is None else [*changed, *self.loss_scale.variables]

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
