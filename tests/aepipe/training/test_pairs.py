"""Training on pairs: the input is the noisy image, the target the clean one, and both are changed alike."""

import numpy as np
import pytest

from aepipe.models import build
from aepipe.models.options import DenseOptions
from aepipe.training.batches import Pixels
from aepipe.training.perturbation import Perturbation, training_images
from aepipe.training.settings import AugmentationSettings, TrainingSettings
from aepipe.training.step import scaling
from aepipe.training.trainer import Trainer

CLEAN = np.random.default_rng(0).integers(0, 200, (60, 4, 4, 1), np.uint8)
NOISY = CLEAN + np.uint8(20)
PAIRS = Pixels(NOISY, (0, 255), np.arange(1, 60), CLEAN)


def test_a_pair_is_taken_as_one_image():
    taken = PAIRS.take(np.array([[0, 1]]))
    assert taken.shape == (1, 2, *PAIRS.taken_shape) == (1, 2, 4, 4, 2)
    np.testing.assert_array_equal(taken[0, ..., :1], NOISY[1:3])
    np.testing.assert_array_equal(taken[0, ..., 1:], CLEAN[1:3])
    np.testing.assert_allclose(PAIRS.scaled(np.array([3])), NOISY[4:5] / 255, atol=1e-6)
    np.testing.assert_allclose(PAIRS.targets.scaled(np.array([3])), CLEAN[4:5] / 255, atol=1e-6)


@pytest.mark.parametrize("group", [None, 2])
def test_both_are_mirrored_and_moved_alike(group):
    settings = TrainingSettings(augmentation=AugmentationSettings(flip=True, shift=1))
    drawing, scale = Perturbation.of(settings, PAIRS.has_pairs), scaling((0, 255))
    if group is None:
        targets, inputs = drawing.draw(PAIRS.take(np.arange(30)), scale)
    else:
        targets, inputs = drawing.draw_group(PAIRS.take(np.arange(30).reshape(group, -1)), group, scale)
    targets = np.asarray(targets).reshape(-1, 4, 4, 1)
    assert (targets != CLEAN[1:31]).any()
    np.testing.assert_allclose(np.asarray(inputs).reshape(targets.shape) * 255, targets + 20.0, atol=1e-3)


def test_a_linear_start_is_of_clean_images():
    np.testing.assert_allclose(training_images(PAIRS, TrainingSettings())(100), CLEAN[1:] / 255, atol=1e-6)


def test_a_model_learns_what_the_clean_images_are():
    """Those are white, whatever the noisy ones show."""
    white = np.full_like(CLEAN, 255)
    autoencoder = build(DenseOptions(hidden_widths=(), code_size=2), (4, 4, 1), seed=0)
    train, validation = (Pixels(NOISY, (0, 255), rows, white) for rows in (np.arange(40), np.arange(40, 60)))
    settings = TrainingSettings(batch_size=20, epochs=60, learning_rate=0.05)
    trained = Trainer(autoencoder, train, validation, settings).run()
    assert trained.kept.validation_mse < 0.01
    assert trained.kept.mse < 0.01
