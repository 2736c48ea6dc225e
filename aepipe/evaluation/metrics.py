"""Metrics of reconstructions beside their originals. Images are (num_images, height, width, channels) in [0, 1]."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.ndimage import gaussian_filter

from aepipe.arrays import Float64, Int, Real
from aepipe.errors import TrainingError
from aepipe.evaluation.bootstrap import bootstrap_interval
from aepipe.evaluation.catalogue import MSE
from aepipe.evaluation.intervals import Interval
from aepipe.similarity import SSIM_C1, SSIM_C2, SSIM_SIGMA, window_radius

ALL = "all"
# Under this an error is rounding of float32 pixels. A table has no place for the infinite PSNR of none: it says 120 dB.
MIN_MSE = 1e-12
# Bounds the memory: a dozen float64 copies of a batch are held at once.
BATCH_IMAGES = 500


class MetricRow(BaseModel):
    """One number of the long table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str = Field(description="The recipe's name.")
    setting: str = Field(description="Which of its settings.")
    evaluation_set: str = Field(description="Data set and split.")
    class_name: str = Field(ALL, description="The class that it was measured on.")
    noise: str = Field("none", description="Kind and level of the noise on the input.")
    metric: str = Field(description="What was measured, with its unit.")
    value: float = Field(description="The number.", allow_inf_nan=False)
    low: float | None = Field(
        None, description="The lower end of its 95% interval over held-out images; None where it has none."
    )
    high: float | None = Field(None, description="The upper end.")


class Summary(NamedTuple):
    """One number about a set of images, and the interval that it has where it is a mean over them."""

    class_name: str
    metric: str
    value: float
    interval: Interval | None = None

    def row(self, recipe: str, setting: str, evaluation_set: str, noise: str = "none") -> MetricRow:
        """Return it as a row of the long table."""
        ends = {} if self.interval is None else self.interval.model_dump()
        return MetricRow(
            recipe=recipe,
            setting=setting,
            evaluation_set=evaluation_set,
            class_name=self.class_name,
            noise=noise,
            metric=self.metric,
            value=self.value,
            **ends,
        )


def mse_per_image(
    originals: Real[np.ndarray, "num_images height width channels"],
    reconstructions: Real[np.ndarray, "num_images height width channels"],
) -> Float64[np.ndarray, " num_images"]:
    """Return the mean squared error per pixel of each image, float64 of (num_images,).

    Raises:
        TrainingError: a pixel is not finite.
    """
    return _by_batch(_squared_errors, originals, reconstructions)


def psnr_db(mse: float) -> float:
    """Return the peak signal-to-noise ratio in dB for a mean squared error of pixels in [0, 1].

    For a set of images take their mean error; the mean of the images' own ratios is larger.
    """
    return math.inf if mse == 0 else -10 * math.log10(mse)


def ssim_per_image(
    originals: Real[np.ndarray, "num_images height width channels"],
    reconstructions: Real[np.ndarray, "num_images height width channels"],
) -> Float64[np.ndarray, " num_images"]:
    """Return the structural similarity of each image, float64 of (num_images,); 1 for equal images.

    The window is Gaussian, 11 pixels wide and with a deviation of 1.5; on narrower images it is the widest odd one
    that fits. Only windows that lie within the image count. Channels are averaged.

    Raises:
        TrainingError: a pixel is not finite.
    """
    return _by_batch(_similarities, originals, reconstructions)


def _by_batch(measure: Callable, originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Return what `measure` says of each image; what is not finite is an error, never a figure."""
    values = np.empty(len(originals))
    for start in range(0, len(originals), BATCH_IMAGES):
        batch = slice(start, start + BATCH_IMAGES)
        values[batch] = measure(originals[batch], reconstructions[batch])
    if not np.isfinite(values).all():
        raise TrainingError(
            "Every pixel of a reconstruction is a finite number.",
            "Train with a smaller learning rate.",
            num_images=len(values),
            num_not_finite=int(np.count_nonzero(~np.isfinite(values))),
        )
    return values


def _squared_errors(originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    return np.mean(np.square(np.asarray(reconstructions, np.float64) - originals), axis=(1, 2, 3))


def _similarities(originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    radius = window_radius(*originals.shape[1:3])
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


# What is measured of each image, by the metric's name; a metric of a set is the mean over its images.
PER_IMAGE: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {MSE: mse_per_image, "ssim": ssim_per_image}


def measure_images(
    originals: Real[np.ndarray, "num_images height width channels"],
    reconstructions: Real[np.ndarray, "num_images height width channels"],
) -> dict[str, Float64[np.ndarray, " num_images"]]:
    """Return every metric of each image, float64 of (num_images,), by the metric's name.

    Raises:
        TrainingError: a pixel is not finite.
    """
    return {name: measure(originals, reconstructions) for name, measure in PER_IMAGE.items()}


def summarise(
    measured: Mapping[str, Float64[np.ndarray, " num_images"]],
    labels: Int[np.ndarray, " num_images"] | None,
    label_names: tuple[str, ...],
    source_unit: float,
    groups: np.ndarray | None = None,
) -> Iterator[Summary]:
    """Yield the numbers of the whole set first, called "all", then the error of each class.

    Args:
        measured: (num_images,) each image's metrics, by their names.
        labels: (num_images,) class indices, or None.
        label_names: A name for each class index.
        source_unit: The value of white in the source's printed numbers.
        groups: (num_images,) equal where images belong together; None where each is by itself.
    """
    whole, *by_class = summarise_by_class(MSE, measured[MSE], labels, label_names, groups)
    yield whole
    yield _changed(whole, "mse_in_source_unit", lambda mse: mse * source_unit**2)
    yield _changed(whole, "psnr_db", lambda mse: psnr_db(max(mse, MIN_MSE)))
    for name, values in measured.items():
        if name != MSE:
            yield _mean(ALL, name, values, groups)
    yield Summary(ALL, "num_images", float(len(measured[MSE])))
    yield from by_class


def summarise_by_class(
    metric: str,
    values: Float64[np.ndarray, " num_images"],
    labels: Int[np.ndarray, " num_images"] | None,
    label_names: tuple[str, ...],
    groups: np.ndarray | None = None,
) -> Iterator[Summary]:
    """Yield the mean of the whole set, called "all", then that of each class that there is."""
    yield _mean(ALL, metric, values, groups)
    for name, chosen in _classes(labels, label_names):
        yield _mean(name, metric, values[chosen], None if groups is None else groups[chosen])


def _classes(labels: np.ndarray | None, label_names: tuple[str, ...]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each class that there is, and which images are of it.

    A class that is itself called "all" is called "all (class)", so that no reader takes one for the other.
    """
    for index, name in enumerate(label_names if labels is not None else ()):
        chosen = np.asarray(labels == index)
        if chosen.any():
            yield f"{ALL} (class)" if name == ALL else name, chosen


def _mean(class_name: str, metric: str, values: np.ndarray, groups: np.ndarray | None) -> Summary:
    return Summary(class_name, metric, float(values.mean()), bootstrap_interval(values, groups))


def _changed(summary: Summary, metric: str, change: Callable[[float], float]) -> Summary:
    interval = summary.interval and summary.interval.mapped(change)
    return Summary(summary.class_name, metric, change(summary.value), interval)
