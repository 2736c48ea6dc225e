"""Adam as one kernel a weight, its learning rate over the steps, and the running averages of the weights."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from aepipe.training.runtime import keras, tf
from aepipe.training.settings import TrainingSettings

MIN_SHARE = 0.01
# How many numbers a step needs: its rate, the powers of two betas, what it leaves of an average.
NUM_STEP_VALUES = 4
# An average reaches back over a tenth of the steps at most: a short training's has nothing of its start.
AVERAGE_DELAY = 9


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
        self._averages = self._create_averages(variables) if self._settings.weights_average else []
        self._factors = [self._rate_factor(variable.path) for variable in variables]

    def step_values(self, first: int, num_steps: int) -> np.ndarray:
        """Return what each of the steps from `first` needs beside gradients, float32 of (num_steps, 4)."""
        steps = first + np.arange(num_steps, dtype=np.float64)
        powers = [beta ** (steps + 1) for beta in (self.beta_1, self.beta_2)]
        rates = learning_rate(self._settings, self._num_steps, steps)
        left = np.minimum(self._settings.weights_average or 0, steps / (steps + AVERAGE_DELAY))
        return np.stack([rates, *powers, left], axis=1).astype(np.float32)

    def apply_step(self, gradients, variables, values) -> None:
        """Take one step with one row of `step_values`."""
        self._rate, self._power_1, self._power_2, self._left = tf.unstack(values)
        self.apply(gradients, variables)

    def update_step(self, gradient, variable, _):
        """Update one weight and its moments. A kernel decays first, by a share of the rate (Loshchilov and Hutter)."""
        index = self._get_variable_index(variable)
        rate = self._rate * self._factors[index]
        if self._settings.weight_decay and variable.shape.rank > 1:
            variable.assign_sub(self._settings.weight_decay * rate * variable)
        self._move(gradient, variable, index, rate)
        if self._averages:
            average = self._averages[index].value
            average.assign(self._left * average + (1 - self._left) * variable)

    def take_averages(self, variables) -> None:
        """Let the weights be their averages, where there are any."""
        if self._averages:
            for variable, average in zip(variables, self._averages, strict=True):
                variable.assign(average)

    @contextmanager
    def averaged(self, variables) -> Iterator[None]:
        """Within the block, let the weights be their averages, where there are any."""
        weights = [variable.numpy() for variable in variables] if self._averages else []
        self.take_averages(variables)
        try:
            yield
        finally:
            for variable, value in zip(variables, weights, strict=False):
                variable.assign(value)

    def _create_averages(self, variables) -> list[keras.Variable]:
        averages = [self.add_variable_from_reference(variable, name="average") for variable in variables]
        for variable, average in zip(variables, averages, strict=True):
            average.assign(variable)
        return averages

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
