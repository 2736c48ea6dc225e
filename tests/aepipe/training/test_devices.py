"""Several devices share a batch and come to the same loss; AEPIPE_THREADS is obeyed."""

import json

import pytest

from .in_process import python

TRAIN = """
import json, sys, tempfile
import numpy as np
from contextlib import nullcontext
from aepipe.models import build
from aepipe.models.options import DenseOptions
from aepipe.training.runtime import keras, tf
devices = sys.argv[1] if len(sys.argv) > 1 else DEVICES
if devices == "all":
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from aepipe.training.batches import Pixels
from aepipe.store import open_store
from aepipe.training.checkpoints import Checkpoints
from aepipe.training.distribution import distribution
from aepipe.training.settings import CheckpointSettings, TrainingSettings
from aepipe.training.trainer import Trainer
images = np.random.default_rng(0).integers(0, 256, (100, 8, 8, 1), dtype=np.uint8)
settings = TrainingSettings(batch_size=20, epochs=5, devices=devices, weight_decay=0.01, gradient_clip_norm=1)
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
print(json.dumps([strategy and strategy.num_replicas_in_sync, [epoch.validation_loss for epoch in trained.history],
                  trained.resumed_at]))
"""


def test_two_devices_come_to_the_loss_of_one():
    one, two = (json.loads(python(TRAIN.replace("DEVICES", repr(devices)))) for devices in ("one", "all"))
    assert (one[0], two[0]) == (None, 2)
    assert one[2] == two[2] == 8
    assert two[1] == pytest.approx(one[1], rel=1e-4)
    assert two[1][-1] < two[1][0]


def test_a_batch_that_cannot_be_shared_out_is_refused():
    code = TRAIN.replace("DEVICES", '"all"').replace("batch_size=20", "batch_size=21")
    with pytest.raises(AssertionError, match="Choose a multiple of 2"):
        python(code)


def test_threads_are_as_many_as_asked_for():
    code = "from aepipe.training.runtime import hardware; print(hardware())"
    assert python(code, AEPIPE_THREADS="1").startswith("CPU, 1 of ")
    with pytest.raises(AssertionError, match="Received: AEPIPE_THREADS='none'"):
        python(code, AEPIPE_THREADS="none")
