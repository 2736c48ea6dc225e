"""Endings of a training: what ends it, told by its settings and by where it is."""

from typing import Literal

import numpy as np

from aepipe.training.batches import num_epochs
from aepipe.training.settings import TrainingSettings
from aepipe.training.state import Epoch, TrainingState

End = Literal["limit", "patience", "target", "time limit"]


def ending(settings: TrainingSettings, state: TrainingState, num_images: int) -> End | None:
    """Return what ends a training on so many images after a complete epoch, or None."""
    if state.num_epochs and _is_at_target(settings, state.history[-1]):
        return "target"
    if state.num_epochs >= num_epochs(num_images, settings):
        return "limit"
    patience = settings.patience
    if state.best and patience is not None and state.num_epochs - state.best.epoch >= patience:
        return "patience"
    return "time limit" if state.num_epochs and is_out_of_time(settings, state) else None


def is_out_of_time(settings: TrainingSettings, state: TrainingState) -> bool:
    """Tell whether a training has taken all the time that it has."""
    limit = settings.time_limit_minutes
    return limit is not None and state.seconds >= 60 * limit


def _is_at_target(settings: TrainingSettings, epoch: Epoch) -> bool:
    mse = epoch.mse if np.isnan(epoch.validation_mse) else epoch.validation_mse
    return settings.stop_at_mse is not None and mse <= settings.stop_at_mse
