"""Which images each step sees."""

import numpy as np
import pytest

from aepipe.training.batches import Pixels, epoch_rows, num_epochs
from aepipe.training.settings import TrainingSettings


def test_an_epoch_has_full_batches_of_different_images():
    rows = epoch_rows(1000, TrainingSettings(batch_size=150), 0)
    assert rows.shape == (6, 150)
    assert len(np.unique(rows)) == 900


def test_the_order_depends_on_seed_and_epoch_alone():
    settings = TrainingSettings(batch_size=10, seed=3)
    np.testing.assert_array_equal(epoch_rows(100, settings, 4), epoch_rows(100, settings, 4))
    assert (epoch_rows(100, settings, 4) != epoch_rows(100, settings, 5)).any()
    assert (epoch_rows(100, settings, 4) != epoch_rows(100, TrainingSettings(batch_size=10, seed=4), 4)).any()


def test_in_order_an_epoch_goes_on_where_the_last_one_ended():
    settings = TrainingSettings(batch_size=4, shuffle=False)
    seen = np.concatenate([epoch_rows(10, settings, epoch).ravel() for epoch in range(5)])
    np.testing.assert_array_equal(seen, np.arange(40) % 10)


def test_fewer_images_than_a_batch_make_one_step():
    assert epoch_rows(7, TrainingSettings(batch_size=150), 0).shape == (1, 7)


@pytest.mark.parametrize(("max_steps", "epochs"), [(None, 50), (60, 10), (3, 1), (10_000, 50)])
def test_the_limit_on_steps_is_a_limit_on_epochs(max_steps, epochs):
    assert num_epochs(900, TrainingSettings(batch_size=150, epochs=50, max_steps=max_steps)) == epochs


def test_16_bits_are_taken_as_floats_of_the_same_values():
    images = np.arange(2 * 6, dtype=np.uint16).reshape(2, 2, 3, 1) * 5000
    pixels = Pixels(images, (0, 65535), np.array([1, 0]))
    taken = pixels.take(np.array([[0], [1]]))
    assert (taken.dtype, taken.shape, pixels.image_bytes) == (np.float32, (2, 1, 2, 3, 1), 24)
    assert np.array_equal(taken[:, 0], images[::-1])
    assert np.allclose(pixels.scaled(np.arange(2)), images[::-1] / 65535)
