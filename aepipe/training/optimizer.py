"""Adam as one kernel a weight, and its learning rate over the steps."""

import math
from collections.abc import Callable

import numpy as np

from aepipe.training.runtime import keras, tf
from aepipe.training.settings import TrainingSettings

MIN_SHARE = 0.01


class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam with TensorFlow's own update kernel, which reads and writes each value once.

    What a step needs beside gradients comes as numbers from `step_values`. XLA would compute the rate and the powers
    again for every single weight, a fifth of a step's time; TensorFlow's own power of a vector has other last bits in a
    vector of another length, and how many steps a chunk has depends on how busy the machine is.
    """

    def __init__(self, settings: TrainingSettings, num_steps: int, rate_factor: Callable[[str], float]):
        super().__init__(settings.learning_rate, global_clipnorm=settings.gradient_clip_norm)
        self._settings = settings
        self._num_steps = num_steps
        self._rate_factor = rate_factor

    def build(self, variables) -> None:
        """Create the moments, and look up each weight's factor by its path."""
        self._create_moments(variables)
        self._factors = [self._rate_factor(variable.path) for variable in variables]

    def step_values(self, first: int, num_steps: int) -> np.ndarray:
        """Return learning rate and powers of the betas of the steps from `first`, float32 of (num_steps, 3)."""
        steps = first + np.arange(num_steps, dtype=np.float64)
        powers = [beta ** (steps + 1) for beta in (self.beta_1, self.beta_2)]
        return np.stack([learning_rate(self._settings, self._num_steps, steps), *powers], axis=1).astype(np.float32)

    def apply_step(self, gradients, variables, values) -> None:
        """Take one step with one row of `step_values`."""
        self._rate, self._power_1, self._power_2 = tf.unstack(values)
        self.apply(gradients, variables)

    def update_step(self, gradient, variable, _):
        """Update one weight and its moments. A kernel decays first, by a share of the rate (Loshchilov and Hutter)."""
        index = self._get_variable_index(variable)
        rate = self._rate * self._factors[index]
        if self._settings.weight_decay and variable.shape.rank > 1:
            variable.assign_sub(self._settings.weight_decay * rate * variable)
        self._move(gradient, variable, index, rate)

    def _create_moments(self, variables) -> None:
        super().build(variables)

    def _move(self, gradient, variable, index, rate) -> None:
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=self._power_1,
            beta2_power=self._power_2,
            lr=rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


def learning_rate(settings: TrainingSettings, num_steps: int, steps: np.ndarray) -> np.ndarray:
    """Return the rate of steps, counted from 0: it rises in a line from near 0, then stays or falls."""
    num_warm_up = round(settings.warm_up_share * num_steps)
    rising = np.minimum(1, (steps + 1) / max(1, num_warm_up))
    done = np.clip((steps - num_warm_up) / max(1, num_steps - num_warm_up), 0, 1)
    falling = {
        "constant": np.ones_like(done),
        "cosine": 0.5 * (1 + np.cos(math.pi * done)),
        "exponential": np.exp(math.log(MIN_SHARE) * done),
    }
    return settings.learning_rate * rising * falling[settings.schedule]
