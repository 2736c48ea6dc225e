"""This project's engine, as `fit` runs it: images on the host, chunks of compiled steps."""

import threading
from collections.abc import Callable

from workloads import Workload

from aepipe.models import build
from aepipe.recipes import get_recipe
from aepipe.training import engine
from aepipe.training.batches import Pixels
from aepipe.training.settings import CheckpointSettings


def prepare(workload: Workload) -> Callable[[], None]:
    """Return a function that trains for one epoch."""
    setting = get_recipe(workload.recipe).published
    settings = setting.training.model_copy(update={"epochs": 100_000, "shuffle": True})
    images = Pixels(workload.images(), (0, 255))
    autoencoder = build(setting.model, workload.image_shape)
    none = Pixels(images.images[:0], (0, 255))
    saving, stop = CheckpointSettings(), threading.Event()
    training = engine._Training(autoencoder, images, none, settings, (), None, saving, None, stop)

    def run_epoch() -> None:
        training._run_steps()
        training._end_epoch()

    return run_epoch
