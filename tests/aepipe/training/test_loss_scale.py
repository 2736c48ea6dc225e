"""float16: gradients that would be rounded to 0 move weights, those that overflow move none, and nothing is lost."""

import numpy as np
import pytest

from aepipe.errors import ParameterError
from aepipe.models import build
from aepipe.models.options import DenseOptions
from aepipe.training import loss_scale
from aepipe.training.batches import Pixels
from aepipe.training.loss_scale import LossScale
from aepipe.training.making import _loss_scale
from aepipe.training.runtime import fastest_precision, tf, use_precision
from aepipe.training.settings import TrainingSettings
from aepipe.training.trainer import Trainer

IMAGES = np.random.default_rng(0).integers(0, 256, (110, 8, 8, 1), dtype=np.uint8)


def make(precision="float16", epochs=4, **more) -> Trainer:
    settings = TrainingSettings(batch_size=30, epochs=epochs, keep="last", precision=precision, learning_rate=0.003)
    with use_precision(precision):
        autoencoder = build(DenseOptions(hidden_widths=(24,), code_size=8), (8, 8, 1), 0)
    parts = Pixels(IMAGES, (0, 255), np.arange(20, 110)), Pixels(IMAGES, (0, 255), np.arange(20))
    return Trainer(autoencoder, *parts, settings, **more)


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [
        ([(9, 0)], "bfloat16"),
        ([(8, 0), (8, 6)], "bfloat16"),
        ([(7, 5)], "float16"),
        ([(8, 0), (7, 0)], "float16"),
        ([(6, 1)], "float32"),
    ],
)
def test_auto_is_the_fastest_that_every_gpu_has(capabilities, precision):
    assert fastest_precision(capabilities) == precision


@pytest.fixture(scope="module")
def whole():
    """A training in float16 whose scale grows after every fifth step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loss_scale, "STEPS_TO_GROW", 5)
        trainer = make()
        return trainer, trainer.run()


def test_float16_comes_to_about_the_loss_of_float32(whole):
    losses = [[epoch.loss for epoch in trained.history] for trained in (whole[1], make(precision="float32").run())]
    np.testing.assert_allclose(*losses, rtol=0.01)
    assert losses[0][-1] < 0.9 * losses[0][0]


@tf.function(autograph=False)
def _apply(scale, variable, gradient):
    scale.apply([scale.scaled(gradient)], lambda gradients: variable.assign_sub(gradients[0]))


def test_the_scale_falls_where_gradients_overflow_and_grows_again(monkeypatch):
    monkeypatch.setattr(loss_scale, "STEPS_TO_GROW", 3)
    scale, variable = LossScale(), tf.Variable([1.0, 1.0])
    first, seen = float(scale.variables[0].numpy()), []
    for gradient in ([np.inf, 0.25], [np.nan, 0.0], [0.25, 0.0], [0.25, 0.0], [0.25, 0.0], [0.0, 0.25]):
        _apply(scale, variable, tf.constant(gradient, tf.float32))
        seen.append(float(scale.variables[0].numpy()) / first)
    assert seen == [0.5, 0.25, 0.25, 0.25, 0.5, 0.5]
    assert variable.numpy().tolist() == [0.25, 0.75]


def test_a_trainings_state_has_its_scale(whole):
    again = make()
    again.state.load(whole[0].state.to_bytes())
    scale, finite_steps = (variable.numpy() for variable in again.state.variables[-2:])
    assert (scale, finite_steps) == (4 * loss_scale.FIRST, 12 - 2 * 5)


def test_devices_that_share_a_batch_have_no_scale():
    with pytest.raises(ParameterError, match="precision=float32, or devices=one"):
        _loss_scale(TrainingSettings(precision="float16", devices="all"), num_shares=2)
