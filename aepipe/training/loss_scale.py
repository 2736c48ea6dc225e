"""Loss scaling: gradients in float16 are computed of a larger loss, so that small ones are not rounded to 0.

Micikevicius et al., "Mixed precision training", 2018.
"""

from collections.abc import Callable, Sequence

from aepipe.training.runtime import keras, tf

FIRST, LEAST, MOST = 2.0**15, 1.0, 2.0**24
# After so many steps without one that overflows a larger scale is tried.
STEPS_TO_GROW = 2000


class LossScale:
    """What a loss is multiplied with: half as much after each overflow, twice as much after 2,000 steps without one.

    Attributes:
        variables: The scale, and how many steps had finite gradients since it changed.
    """

    def __init__(self) -> None:
        self._scale = keras.Variable(FIRST, trainable=False, dtype="float32", name="loss_scale")
        self._steps = keras.Variable(0, trainable=False, dtype="int32", name="finite_steps")
        self.variables = [self._scale, self._steps]

    def scaled(self, loss: tf.Tensor) -> tf.Tensor:
        """Return the loss that gradients are computed of."""
        return loss * self._scale.value

    def apply(self, gradients: Sequence[tf.Tensor], apply: Callable[[Sequence[tf.Tensor]], None]) -> None:
        """Apply the gradients of a scaled loss, unless one has overflowed: then the step moves nothing."""
        scale, steps = self._scale.value, self._steps.value + 1
        all_finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients])

        def move() -> tf.Tensor:
            apply([gradient / scale for gradient in gradients])
            return tf.constant(True)

        tf.cond(all_finite, move, lambda: tf.constant(False))
        grows = all_finite & (steps >= STEPS_TO_GROW)
        after = tf.where(grows, scale * 2, tf.where(all_finite, scale, scale / 2))
        self._scale.assign(tf.clip_by_value(after, LEAST, MOST))
        self._steps.assign(tf.where(all_finite & ~grows, steps, 0))
