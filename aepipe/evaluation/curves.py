"""Names of a training's curves, told by what was trained and how."""

from aepipe.evaluation.figures.losses import CurveNames
from aepipe.models.options import ModelOptions
from aepipe.training.losses import UNITS
from aepipe.training.settings import TrainingSettings


def curve_names(training: TrainingSettings, model: ModelOptions, has_validation: bool) -> CurveNames:
    """Return what the curves of a training are called.

    Args:
        training: Its settings.
        model: The options of its architecture.
        has_validation: Whether some images were held out from it.
    """
    unit = UNITS.get(training.loss, training.loss.replace("-", " "))
    if training.loss == "ssim" and training.ssim_share < 1:
        unit = f"{training.ssim_share:g} ({unit}) + {1 - training.ssim_share:g} MSE"
    white = "" if training.loss_unit == 1 else f", white = {training.loss_unit:g}"
    keeps_start = training.keep == "best-or-start"
    # With nothing held out, epochs are compared with the start on the training images as they are.
    is_changed = training.augmentation is not None and (has_validation or not keeps_start)
    return CurveNames(
        unit=f"loss: {unit}{white}",
        penalty=model.penalty,
        changed="augmented" if is_changed else "",
        starts_plain=keeps_start,
    )
