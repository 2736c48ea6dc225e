"""Every figure of a run. Each function takes arrays and writes one PNG."""

from aepipe.evaluation.figures.charts import (
    error_by_noise,
    error_histogram,
    error_over_time,
    mse_by_class,
)
from aepipe.evaluation.figures.codes import code_maps, code_usage
from aepipe.evaluation.figures.courses import MAX_COURSES, training_courses
from aepipe.evaluation.figures.detection import detection
from aepipe.evaluation.figures.images import close_ups, denoising, image_grid, noisy_preview, reconstructions
from aepipe.evaluation.figures.losses import CurveNames, loss_curves
from aepipe.evaluation.figures.rows import Row, image_rows
from aepipe.evaluation.figures.watching import RunsOverTime, runs_over_time

__all__ = [
    "MAX_COURSES",
    "CurveNames",
    "Row",
    "RunsOverTime",
    "close_ups",
    "code_maps",
    "code_usage",
    "denoising",
    "detection",
    "error_by_noise",
    "error_histogram",
    "error_over_time",
    "image_grid",
    "image_rows",
    "loss_curves",
    "mse_by_class",
    "noisy_preview",
    "reconstructions",
    "runs_over_time",
    "training_courses",
]
