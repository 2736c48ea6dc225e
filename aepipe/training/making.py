"""Making of a training's step: the optimizer, what is drawn, and the loss scale that its settings ask for."""

from collections.abc import Mapping
from contextlib import nullcontext

from aepipe.errors import ParameterError
from aepipe.models.autoencoder import Autoencoder
from aepipe.training.batches import Pixels
from aepipe.training.loss_scale import LossScale
from aepipe.training.muon import Muon
from aepipe.training.optimizer import FusedAdam
from aepipe.training.perturbation import Perturbation
from aepipe.training.runtime import resolve_precision, tf
from aepipe.training.settings import OptimizerName, TrainingSettings
from aepipe.training.step import Step

OPTIMIZERS: Mapping[OptimizerName, type[FusedAdam]] = {"adam": FusedAdam, "muon": Muon}


def make_step(
    autoencoder: Autoencoder,
    train: Pixels,
    settings: TrainingSettings,
    num_steps: int,
    strategy: tf.distribute.Strategy | None,
) -> Step:
    """Return what each step of a training does, with all variables that it changes.

    Args:
        autoencoder: What is trained, in place.
        train: The images that the loss is taken on.
        settings: Of the training.
        num_steps: How many there will be at most.
        strategy: What the model was built under, to share batches out; one device where None.
    """
    with strategy.scope() if strategy else nullcontext():
        optimizer = OPTIMIZERS[settings.optimizer.name](settings, num_steps, autoencoder.rate_factor)
        optimizer.build(autoencoder.model.trainable_variables)
        perturbation = Perturbation.of(settings, train.has_pairs)
    num_shares = strategy.num_replicas_in_sync if strategy else 1
    loss_scale = _loss_scale(settings, num_shares)
    return Step(autoencoder, optimizer, perturbation, settings, train.pixel_range, num_shares, loss_scale=loss_scale)


def _loss_scale(settings: TrainingSettings, num_shares: int) -> LossScale | None:
    """Return what float16 needs; other precisions have the range of float32."""
    if resolve_precision(settings.precision) != "float16":
        return None
    if num_shares > 1:
        raise ParameterError(
            "Devices that share a batch have no common loss scale, which float16 needs.",
            "Choose precision=float32, or devices=one.",
            precision=settings.precision,
            devices=settings.devices,
        )
    return LossScale()
