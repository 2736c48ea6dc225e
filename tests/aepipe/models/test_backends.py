"""Model code is keras.ops alone: every recipe builds and runs forward on Keras' JAX or torch backend too."""

import importlib.util
import os
import subprocess
import sys

import pytest

from aepipe.recipes import RECIPES

BACKENDS = [name for name in ("jax", "torch") if importlib.util.find_spec(name)]
FORWARD = """
import sys
import keras
import numpy as np
from aepipe.models import build
from aepipe.recipes import get_recipe
from aepipe.training.losses import loss_of
assert "tensorflow" not in sys.modules
for name in sys.argv[1:]:
    recipe = get_recipe(name)
    for setting in recipe.variants.values():
        images = np.random.default_rng(0).random((2, *recipe.native_shape), np.float32)
        autoencoder = build(setting.model, recipe.native_shape)
        reconstructions = autoencoder.model(images, training=True)
        assert reconstructions.shape == images.shape
        assert autoencoder.decoder(autoencoder.encoder(images)).shape == images.shape
        assert np.isfinite(float(loss_of(setting.training)(images, reconstructions)))
print(keras.backend.backend(), len(sys.argv) - 1)
"""


@pytest.mark.skipif(not BACKENDS, reason="neither jax nor torch is installed; the extra bench has them")
def test_every_recipe_runs_forward_on_another_backend():
    environment = {**os.environ, "KERAS_BACKEND": BACKENDS[0]}
    command = [sys.executable, "-c", FORWARD, *RECIPES]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.split() == [BACKENDS[0], str(len(RECIPES))]
