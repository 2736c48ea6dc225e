"""Several devices share a batch and come to the same loss; AEPIPE_THREADS is obeyed."""

import json

import pytest

from .in_process import python

TRAIN = """
import json, tempfile
import numpy as np
from contextlib import nullcontext
from aepipe.errors import ParameterError
from aepipe.models import build
from aepipe.models.options import DenseOptions
from aepipe.training.runtime import keras, tf, use_deterministic_operations
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from aepipe.training.batches import Pixels
from aepipe.store import open_store
from aepipe.training.checkpoints import Checkpoints
from aepipe.training.distribution import distribution
from aepipe.training.settings import CheckpointSettings, TrainingSettings
from aepipe.training.trainer import Trainer
images = np.random.default_rng(0).integers(0, 256, (100, 8, 8, 1), dtype=np.uint8)

def train(devices, name="adam"):
    settings = TrainingSettings(
        batch_size=20, epochs=5, devices=devices, weight_decay=0.01, gradient_clip_norm=1, optimizer={"name": name},
        weights_average=0.9
    )
    strategy = distribution(settings.devices, settings.batch_size)
    checkpoints = Checkpoints(open_store(tempfile.mkdtemp()), "training")
    for epochs in (2, 5):
        with strategy.scope() if strategy else nullcontext():
            autoencoder = build(DenseOptions(hidden_widths=(24,), code_size=8), (8, 8, 1), seed=0)
        trained = Trainer(
            autoencoder,
            Pixels(images[20:], (0, 255)),
            Pixels(images[:20], (0, 255)),
            settings.model_copy(update={"epochs": epochs}),
            checkpoints=checkpoints,
            saving=CheckpointSettings(every_epochs=1),
            strategy=strategy,
        ).run()
    losses = [epoch.validation_loss for epoch in trained.history]
    return strategy and strategy.num_replicas_in_sync, losses, trained.resumed_at

try:
    distribution("all", 21)
except ParameterError as error:
    refusal = str(error)
trained = [train("one"), train("all"), train("one", "muon"), train("all", "muon")]
use_deterministic_operations()
print(json.dumps([*trained, train("one"), refusal]))
"""
THREADS = """
import os
from aepipe.errors import ParameterError
try:
    import aepipe.training.runtime
except ParameterError as error:
    print(error)
os.environ["AEPIPE_THREADS"] = "1"
from aepipe.training.runtime import hardware
print(hardware())
"""


def test_two_devices_come_to_the_loss_of_one_and_share_no_batch_that_does_not_divide():
    *trained, deterministic, refusal = json.loads(python(TRAIN))
    for one, two in (trained[:2], trained[2:]):
        assert (one[0], two[0]) == (None, 2)
        assert one[2] == two[2] == 8
        assert two[1] == pytest.approx(one[1], rel=1e-4)
        assert two[1][-1] < two[1][0]
    assert "Choose a multiple of 2" in refusal
    # A CPU needs none of its own: they are those that it has.
    assert deterministic == trained[0]


def test_threads_are_as_many_as_asked_for():
    refusal, said = python(THREADS, AEPIPE_THREADS="none").splitlines()
    assert "Received: AEPIPE_THREADS='none'" in refusal
    assert said.startswith("CPU, 1 of ")
