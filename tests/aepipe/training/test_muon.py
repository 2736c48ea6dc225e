"""Muon: singular values near 1, the step that its authors describe, and Adam for what is no matrix."""

import numpy as np
import pytest

from aepipe.models import build
from aepipe.models.options import ConvolutionalOptions
from aepipe.training.batches import Pixels
from aepipe.training.muon import is_matrix, orthogonal
from aepipe.training.runtime import tf
from aepipe.training.settings import OptimizerSettings, TrainingSettings
from aepipe.training.trainer import Trainer

MOMENTUM, RATE, DECAY = 0.9, 0.01, 0.1
GENERATOR = np.random.default_rng(0)
MATRICES = {shape: GENERATOR.normal(size=shape).astype(np.float32) for shape in ((40, 3), (12, 30), (1, 7))}


def polar(matrix: np.ndarray) -> np.ndarray:
    """Return the matrix with singular values of 1."""
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return left @ right


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=str)
@pytest.mark.parametrize("unit", [1, 1e-9])
def test_singular_values_become_one_and_singular_vectors_stay(matrix, unit):
    np.testing.assert_allclose(orthogonal(tf.constant(unit * matrix), 6), polar(matrix), atol=0.01)


def test_more_iterations_lift_smaller_singular_values():
    left, right = polar(GENERATOR.normal(size=(8, 8))), polar(GENERATOR.normal(size=(8, 8)))
    matrix = tf.constant(left * np.geomspace(1, 1e-3, 8) @ right, tf.float32)
    smallest = [np.linalg.svd(orthogonal(matrix, number), compute_uv=False).min() for number in (1, 2, 4, 6)]
    assert smallest == sorted(smallest)
    assert smallest[-1] == pytest.approx(1, abs=0.05)


def test_two_iterations_bring_a_hundredth_near_to_the_largest():
    left, right = polar(GENERATOR.normal(size=(8, 8))), polar(GENERATOR.normal(size=(8, 8)))
    values = np.linalg.svd(orthogonal(tf.constant(left * np.geomspace(1, 1e-2, 8) @ right, tf.float32), 2))[1]
    assert 0.2 < values.min() < values.max() < 2.1


def test_what_is_muons_is_refused_for_adam():
    assert OptimizerSettings(name="adam", momentum=0.95) == OptimizerSettings()
    with pytest.raises(ValueError, match=r"iterations is Muon's; choose optimizer=muon"):
        OptimizerSettings(iterations=3)


def test_nothing_stays_nothing():
    assert not np.any(orthogonal(tf.zeros((4, 6)), 4))


def steps(num_steps: int, **settings) -> tuple[list[np.ndarray], list[np.ndarray], list[list[np.ndarray]]]:
    """Return a convolutional model's weights before and after steps by gradients that were drawn, and these."""
    chosen = TrainingSettings(
        learning_rate=RATE,
        batch_size=2,
        optimizer=OptimizerSettings(name="muon", momentum=MOMENTUM, iterations=6),
        **settings,
    )
    autoencoder = build(ConvolutionalOptions(filters=(4, 8), code_size=4), (4, 4, 1), seed=0)
    images = Pixels(np.zeros((2, 4, 4, 1), np.uint8), (0, 255))
    optimizer = Trainer(autoencoder, images, images, chosen)._optimizer
    variables = autoencoder.model.trainable_variables
    before = [variable.numpy() for variable in variables]
    generator = np.random.default_rng(1)
    drawn = [[generator.normal(size=variable.shape) for variable in variables] for _ in range(num_steps)]
    for gradients, values in zip(drawn, optimizer.step_values(0, num_steps), strict=True):
        optimizer.apply_step([tf.constant(one, tf.float32) for one in gradients], variables, tf.constant(values))
    return before, [variable.numpy() for variable in variables], drawn


def test_a_kernels_step_is_its_orthogonal_momentum_and_a_biass_is_adams():
    before, after, drawn = steps(3, weight_decay=DECAY)
    for number, (weight, result) in enumerate(zip(before, after, strict=True)):
        if not is_matrix(weight):
            gradients = np.array([gradients[number] for gradients in drawn])
            first, second = np.zeros_like(weight), np.zeros_like(weight)
            for count, gradient in enumerate(gradients, 1):
                first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
                weight = (1 - DECAY * RATE * (weight.ndim > 1)) * weight
                weight = weight - RATE * first / (1 - 0.9**count) / np.sqrt(second / (1 - 0.999**count))
            np.testing.assert_allclose(result, weight, atol=1e-5)
            continue
        matrix, momentum = weight.reshape(-1, weight.shape[-1]), 0
        for gradients in drawn:
            gradient = gradients[number].reshape(matrix.shape)
            momentum = MOMENTUM * momentum + (1 - MOMENTUM) * gradient
            step = polar(MOMENTUM * momentum + (1 - MOMENTUM) * gradient)
            matrix = (1 - DECAY * RATE) * matrix - RATE * 0.2 * max(matrix.shape) ** 0.5 * step
        np.testing.assert_allclose(result, matrix.reshape(weight.shape), atol=3e-4)


def test_a_clipped_gradient_takes_the_same_step_where_only_its_length_counts():
    (_, plain, _), (_, clipped, _) = steps(1), steps(1, gradient_clip_norm=5)
    for one, other in zip(plain, clipped, strict=True):
        np.testing.assert_allclose(one, other, atol=0.1 * RATE)
