"""Every figure of a run. Each function takes arrays and writes one PNG."""

from aepipe.evaluation.figures.charts import code_map, error_by_noise, loss_curves, mse_by_class
from aepipe.evaluation.figures.images import denoising, image_grid, noisy_preview, reconstructions

__all__ = [
    "code_map",
    "denoising",
    "error_by_noise",
    "image_grid",
    "loss_curves",
    "mse_by_class",
    "noisy_preview",
    "reconstructions",
]
