"""This project's trainer, as it runs a training: images on the host, chunks of compiled steps."""

from collections.abc import Callable

from workloads import Workload

from aepipe.models import build
from aepipe.recipes import get_recipe
from aepipe.training.batches import Pixels
from aepipe.training.runtime import use_precision
from aepipe.training.settings import Precision
from aepipe.training.trainer import Trainer


def prepare(workload: Workload, precision: Precision = "float32") -> Callable[[], None]:
    """Return a function that trains for one epoch."""
    setting = get_recipe(workload.recipe).published
    settings = setting.training.model_copy(update={"epochs": 100_000, "shuffle": True, "precision": precision})
    images = Pixels(workload.images(), (0, 255))
    with use_precision(precision):
        autoencoder = build(setting.model, workload.image_shape)
    none = Pixels(images.images[:0], (0, 255))
    trainer = Trainer(autoencoder, images, none, settings)

    def run_epoch() -> None:
        trainer.run_steps()
        trainer.end_epoch()

    return run_epoch
