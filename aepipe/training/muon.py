"""Muon: each kernel's step is its momentum with all singular values made 1, so that no direction is left behind.

Jordan et al., "Muon", 2024. Iterations, and the length of a step: Amsel et al., "The Polar Express", 2025; Liu et al.,
"Muon is scalable for LLM training", 2025.
"""

import math

from aepipe.training.optimizer import FusedAdam
from aepipe.training.runtime import keras, resolve_precision, tf

# Of x, x^3 and x^5: each the polynomial that brings the singular values that those before may leave nearest to 1. They
# are divided as their authors do, so that rounding can't lead out of where the next one converges.
SAFETY = 1.01
POLYNOMIALS = [
    (linear / SAFETY, cubic / SAFETY**3, quintic / SAFETY**5)
    for linear, cubic, quintic in (
        (8.28721201814563, -23.595886519098837, 17.300387312530933),
        (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
        (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
        (3.3184196573706015, -2.488488024314874, 0.51004894012372),
        (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
    )
] + [(1.875, -1.25, 0.375)]
# Of a step's values, as Adam's usually are: its rates mean the same here.
STEP_SIZE = 0.2
TINY = 1e-20


class Muon(FusedAdam):
    """Muon for kernels, Adam for what is no matrix.

    A kernel of a convolution is the matrix from its last axis to all others: what one place sees.
    """

    def _create_moments(self, variables) -> None:
        self._precision = resolve_precision(self._settings.precision)
        keras.optimizers.Optimizer.build(self, variables)
        self._momentums = [self.add_variable_from_reference(variable, name="momentum") for variable in variables]
        self._velocities = [
            None if is_matrix(variable) else self.add_variable_from_reference(variable, name="velocity")
            for variable in variables
        ]

    def _move(self, gradient, variable, index, rate) -> None:
        if not is_matrix(variable):
            super()._move(gradient, variable, index, rate)
            return
        settings, momentum = self._settings.optimizer, self._momentums[index].value
        share = settings.momentum
        momentum.assign(share * momentum + (1 - share) * gradient)
        # Nesterov's: where the momentum will be after the next step, if the gradient stays.
        ahead = share * momentum + (1 - share) * gradient
        matrix = orthogonal(tf.reshape(ahead, (-1, variable.shape[-1])), settings.iterations, self._precision)
        size = STEP_SIZE * math.sqrt(max(matrix.shape))
        variable.assign_sub(rate * size * tf.reshape(matrix, variable.shape))


def is_matrix(variable: keras.Variable) -> bool:
    """Tell whether a weight maps several values to several."""
    shape = variable.shape
    return len(shape) > 1 and min(shape[-1], math.prod(shape[:-1])) > 1


def orthogonal(matrix: tf.Tensor, num_iterations: int, precision: str = "float32") -> tf.Tensor:
    """Return the matrix with its singular values near 1, and its singular vectors as they are.

    By Newton and Schulz' iteration on the smaller side. After two iterations values of a hundredth of the largest have
    become a quarter, and larger ones between that and two; after six all from a thousandth on are 1.

    Args:
        matrix: float32, (rows, columns).
        num_iterations: At most as many as there are polynomials.
        precision: Of the products: a step need not be exact, only its directions right.
    """
    is_tall = matrix.shape[0] > matrix.shape[1]
    wide = tf.transpose(matrix) if is_tall else matrix
    wide /= tf.norm(wide) + TINY
    products = tf.matmul(wide, wide, transpose_b=True)
    # The fourth root of the sum of fourth powers: a closer bound on the largest singular value, for nothing.
    bound = tf.norm(products) + TINY
    wide, products = (tf.cast(values, precision) for values in (wide / tf.sqrt(bound), products / bound))
    for number, (linear, cubic, quintic) in enumerate(POLYNOMIALS[:num_iterations]):
        if number:
            products = tf.matmul(wide, wide, transpose_b=True)
        wide = linear * wide + tf.matmul(cubic * products + quintic * tf.matmul(products, products), wide)
    return tf.cast(tf.transpose(wide) if is_tall else wide, tf.float32)
