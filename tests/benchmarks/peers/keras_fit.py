"""Keras as its guides use it: compile and fit on float32 images."""

from collections.abc import Callable

import numpy as np
from workloads import Workload

from aepipe.models import build
from aepipe.recipes import get_recipe
from aepipe.training.losses import loss_of


def prepare(workload: Workload) -> Callable[[], None]:
    """Return a function that trains for one epoch."""
    setting = get_recipe(workload.recipe).published
    images = workload.images() / np.float32(255)
    model = build(setting.model, workload.image_shape).model
    model.compile("adam", loss_of(setting.training))

    def run_epoch() -> None:
        model.fit(images, images, batch_size=workload.batch_size, verbose=0)

    return run_epoch
