"""How near a reconstruction is to its original. Images are (num_images, height, width, channels) in [0, 1]."""

import math
from collections.abc import Iterator

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.ndimage import gaussian_filter

# Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", 2004.
SSIM_SIGMA, SSIM_WINDOW, SSIM_C1, SSIM_C2 = 1.5, 11, 0.01**2, 0.03**2


class MetricRow(BaseModel):
    """One number of the long table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str = Field(description="The recipe's name.")
    setting: str = Field(description="Which of its settings.")
    evaluation_set: str = Field(description="Data set and split.")
    class_name: str = Field("all", description="The class that it was measured on.")
    noise: str = Field("none", description="Kind and level of the noise on the input.")
    metric: str = Field(description="What was measured, with its unit.")
    value: float = Field(description="The number.", allow_inf_nan=False)


def mse_per_image(originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Return the mean squared error per pixel of each image, float64 of (num_images,)."""
    difference = np.asarray(reconstructions, np.float64) - originals
    return np.mean(np.square(difference), axis=(1, 2, 3))


def psnr_db(mse: float) -> float:
    """Return the peak signal-to-noise ratio in dB for a mean squared error of pixels in [0, 1]."""
    return math.inf if mse == 0 else -10 * math.log10(mse)


def ssim_per_image(originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Return the structural similarity of each image, float64 of (num_images,); 1 for equal images.

    The window is Gaussian, 11 pixels wide and with a deviation of 1.5; on narrower images it is the widest odd one
    that fits. Only windows that lie within the image count. Channels are averaged.
    """
    window = min(SSIM_WINDOW, originals.shape[1], originals.shape[2])
    radius = (window - 1) // 2
    x, y = np.asarray(originals, np.float64), np.asarray(reconstructions, np.float64)

    def local_mean(values: np.ndarray) -> np.ndarray:
        smooth = gaussian_filter(values, (0, SSIM_SIGMA, SSIM_SIGMA, 0), radius=(0, radius, radius, 0))
        return smooth[:, radius : smooth.shape[1] - radius, radius : smooth.shape[2] - radius]

    mean_x, mean_y = local_mean(x), local_mean(y)
    variance_x, variance_y = local_mean(x * x) - mean_x**2, local_mean(y * y) - mean_y**2
    covariance = local_mean(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + SSIM_C1) / (mean_x**2 + mean_y**2 + SSIM_C1)
    structure = (2 * covariance + SSIM_C2) / (variance_x + variance_y + SSIM_C2)
    return np.mean(luminance * structure, axis=(1, 2, 3))


def summarise(
    originals: np.ndarray,
    reconstructions: np.ndarray,
    labels: np.ndarray | None,
    label_names: tuple[str, ...],
    source_unit: float,
) -> Iterator[tuple[str, str, float]]:
    """Yield class name, metric and value: the whole set first, then the error of each class.

    Args:
        originals: What should have come out.
        reconstructions: What came out.
        labels: (num_images,) class indices, or None.
        label_names: A name for each class index.
        source_unit: The value of white in the source's printed numbers.
    """
    errors = mse_per_image(originals, reconstructions)
    mse = float(errors.mean())
    yield "all", "mse_per_pixel", mse
    yield "all", "mse_in_source_unit", mse * source_unit**2
    yield "all", "psnr_db", psnr_db(mse)
    yield "all", "ssim", float(ssim_per_image(originals, reconstructions).mean())
    yield "all", "num_images", float(len(originals))
    for index, name in enumerate(label_names if labels is not None else ()):
        if np.any(labels == index):
            yield name, "mse_per_pixel", float(errors[labels == index].mean())
