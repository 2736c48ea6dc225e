"""Metrics: every number that is measured about a model, once: what it is called, how it is written, where it is shown.

A new one is an entry here and its computation in `aepipe.evaluation.metrics`. Whatever shows metrics loops over this
list; what an older release does not say is a dash.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

# The numbers of one model by their names; what was not measured is None, or not there.
Metrics = Mapping[str, float | None]
# The table of results and that of denoisers, the report's table and each recipe's list of held-out figures, the model
# card's table and the header that model hubs read, the page over all releases, the artifact of a training, the table
# of a sweep, what `aepipe releases show` prints, what a manifest says of a recipe.
Place = Literal[
    "table", "denoising", "report", "details", "card", "hub", "index", "artifact", "sweep", "show", "manifest"
]
# Errors per pixel and in the source's unit are each written in one notation on a page, to be compared at a glance.
Scale = Literal["per pixel", "source unit"]


@dataclass(frozen=True)
class Metric:
    """One number about a model on held-out images.

    Attributes:
        name: As facts, manifests and metrics.csv have it.
        label: What it is called; a baseline's says who came to the number.
        where: Where it is shown, and what it is called there if not by its label.
        unit: Its unit, where the label does not say it.
        scale: The numbers that it shares a notation with; None for one that is written by itself.
        places: Decimal places of one that is written by itself; None for three significant digits.
        better: Which of two is better; None where neither is.
        baseline_of: The metric of the model that this is a baseline's number of.
        is_common: Every model has it; a column of what no model of a table has would be empty.
    """

    name: str
    label: str
    where: Mapping[str, str | None] = field(hash=False)
    unit: str = ""
    scale: Scale | None = None
    places: int | None = None
    better: Literal["lower", "higher"] | None = None
    baseline_of: str | None = None
    is_common: bool = True

    def heading(self, place: Place) -> str:
        """Return what it is called at the head of a column or a line, with its unit."""
        return self.where[place] or self.title

    @property
    def title(self) -> str:
        """Its label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def beats(self, value: float, reference: float) -> bool:
        """Tell whether a value is better than another."""
        return value > reference if self.better == "higher" else value < reference

    @property
    def is_judged(self) -> bool:
        """Whether models are compared by it, with each other and with baselines."""
        return any(other.baseline_of == self.name for other in METRICS)


def _shown(*places: Place, **called: str) -> dict[str, str | None]:
    return {**dict.fromkeys(places), **called}


def _error(name: str, label: str, where: Mapping[str, str | None], baseline_of: str | None = None) -> Metric:
    return Metric(name, label, where, scale="per pixel", better="lower", baseline_of=baseline_of)


def _frechet(name: str, label: str, *places: Place) -> Metric:
    where = _shown("details", "manifest", *places)
    title = f"Frechet distance: {label}"
    return Metric(f"frechet_{name}_percent", title, where, REAL_VARIANCE, better="lower", is_common=False)


def _nats(name: str, label: str, *places: Place, better: Literal["higher"] | None = "higher") -> Metric:
    where = _shown("details", "manifest", *places)
    return Metric(name, label, where, "nats an image", places=1, better=better, is_common=False)


def _share(
    name: str,
    label: str,
    where: Mapping[str, str | None],
    better: Literal["lower", "higher"] = "higher",
) -> Metric:
    return Metric(name, label, where, places=3, better=better, is_common=False)


MSE, DENOISED_MSE, LINEAR_MSE = "mse_per_pixel", "denoised_mse_per_pixel", "linear_mse_per_pixel"
NOISY_MSE, NOISY_PSNR = "noisy_mse_per_pixel", "noisy_psnr_db"
HIDDEN_MSE, NEIGHBOURS_MSE = "hidden_mse_per_pixel", "neighbours_mse_per_pixel"
AUROC, PCA_AUROC = "auroc", "pca_auroc"
REAL_VARIANCE = "% of real variance"
SAME_CODE = "with the same code size"

# In the order in which they are shown.
METRICS = (
    _error(
        MSE,
        "MSE per pixel",
        _shown("report", "details", "card", "index", "sweep", "manifest")
        | {"table": "MSE", "show": "MSE", "artifact": "held-out MSE per pixel", "hub": "mse"},
    ),
    Metric(
        "mse_in_source_unit",
        "MSE in the source's unit",
        _shown("report", card="MSE, white ="),
        scale="source unit",
        better="lower",
    ),
    _error("mse_median", "Of the median image", _shown("details")),
    _error("mse_95th_percentile", "Of the worst 5%, at least", _shown("details")),
    Metric(
        "psnr_db",
        "PSNR",
        _shown("table", "report", "details", "card", "artifact", "manifest", hub="psnr"),
        unit="dB",
        places=1,
        better="higher",
    ),
    Metric(
        "ssim",
        "SSIM",
        _shown("table", "report", "details", "card", "artifact", "manifest", hub="ssim"),
        places=3,
        better="higher",
    ),
    _error(
        "pca_mse_per_pixel",
        "PCA",
        _shown("details", "sweep", "manifest")
        | {"table": "PCA, same code", "report": "MSE of PCA, same code size", "show": "PCA MSE"}
        | {"artifact": f"PCA {SAME_CODE}"},
        baseline_of=MSE,
    ),
    _error(
        "patch_pca_mse_per_pixel",
        "PCA of patches",
        _shown("details", "sweep", "manifest", artifact=f"PCA of patches {SAME_CODE}"),
        baseline_of=MSE,
    ),
    _error(
        "dct_mse_per_pixel",
        "DCT low-pass",
        _shown("details", "sweep", "manifest", artifact=f"DCT low-pass {SAME_CODE}"),
        baseline_of=MSE,
    ),
    _error("mean_image_mse_per_pixel", "Mean image", _shown("details", "sweep")),
    Metric(
        NOISY_PSNR,
        "PSNR of the noisy input",
        _shown("details", "card", "artifact", "manifest"),
        unit="dB",
        places=1,
        better="higher",
        is_common=False,
    ),
    _error(
        NOISY_MSE,
        "doing nothing",
        _shown("manifest", details="Noisy input", denoising="noisy input"),
        baseline_of=DENOISED_MSE,
    ),
    _error(
        DENOISED_MSE,
        "MSE per pixel to the clean image",
        _shown("manifest", details="Noisy input, denoised", denoising="denoised MSE", artifact="denoised MSE")
        | {"hub": "mse"},
    ),
    _error(
        LINEAR_MSE,
        "the best linear map",
        _shown("manifest", details="Denoised by the best linear map", denoising="best linear map")
        | {"artifact": "that of the best linear map"},
        baseline_of=DENOISED_MSE,
    ),
    _error(
        HIDDEN_MSE,
        "MSE per hidden pixel",
        _shown("details", "manifest", card="MSE per hidden pixel", artifact="MSE per hidden pixel"),
    ),
    _error(
        NEIGHBOURS_MSE,
        "the mean of a hidden pixel's neighbours",
        _shown("manifest", details="Mean of a hidden pixel's neighbours"),
        baseline_of=HIDDEN_MSE,
    ),
    _share(
        AUROC,
        "AUROC, anomalous against normal",
        _shown(
            "details", "card", "manifest", table="AUROC", report="AUROC", show="AUROC", artifact="AUROC", hub="auroc"
        ),
    ),
    _share(
        PCA_AUROC,
        "AUROC of PCA's residual",
        _shown("details", "card", "manifest", show="PCA AUROC", artifact="AUROC of PCA's residual"),
    ),
    _share("average_precision", "Average precision", _shown("details", "manifest")),
    _share("f1", "F1 at the threshold", _shown("details", "manifest")),
    _share("best_f1", "F1 at the best threshold, which held-out images tell", _shown("details")),
    _share("false_alarm_rate", "Normal images called anomalous", _shown("details", "card", "manifest"), "lower"),
    _share("miss_rate", "Anomalous images called normal", _shown("details", "card", "manifest"), "lower"),
    _share("pixel_auroc", "Pixel AUROC", _shown("details", "card", "manifest")),
    _share("pca_pixel_auroc", "Pixel AUROC of PCA's residual", _shown("details")),
    _share("aupro", "AUPRO, up to 30% false pixels", _shown("details", "card", "manifest")),
    _share("pca_aupro", "AUPRO of PCA's residual", _shown("details")),
    _error("anomalous_mse_per_pixel", "Of anomalous images", _shown("details")),
    Metric("code_mean", "Code: mean", _shown("details")),
    Metric("code_standard_deviation", "Code: standard deviation", _shown("details")),
    Metric("code_zero_share", "Code: sparsity, values that are 0", _shown("details"), places=3),
    Metric("code_silhouette", "Code: silhouette by class", _shown("details"), better="higher"),
    Metric("probe_accuracy", "Class, read off linearly", _shown("details"), better="higher"),
    Metric("neighbours_of_class", "Of the 10 nearest codes, of its class", _shown("details"), better="higher"),
    _nats("elbo_nats", "ELBO", "card", "artifact"),
    _nats("elbo_reconstruction_nats", "ELBO: log likelihood of the reconstruction"),
    _nats("elbo_divergence_nats", "ELBO: KL divergence, which counts against it", better=None),
    Metric("num_active_units", "Active units of the code", _shown("details"), places=0, is_common=False),
    _frechet("mixture", "new images, mixture", "card", "artifact"),
    _frechet("prior", "new images, prior", "card", "artifact"),
    _frechet("pca", "PCA with normal codes", "card", "artifact"),
    _frechet("real", "real training images", "card"),
)
BY_NAME = {metric.name: metric for metric in METRICS}


def metrics_at(place: Place) -> list[Metric]:
    """Return the metrics that are shown at a place, in their order."""
    return [metric for metric in METRICS if place in metric.where]


def measured_at(place: Place, of_each: Iterable[Metrics]) -> list[Metric]:
    """Return the metrics that are shown at a place, of those that few models have the ones that one of these has."""
    measured = {name for metrics in of_each for name, value in metrics.items() if value is not None}
    return [metric for metric in metrics_at(place) if metric.is_common or metric.name in measured]


def names_of(scale: Scale) -> list[str]:
    """Return the names of the metrics that share a notation."""
    return [metric.name for metric in METRICS if metric.scale == scale]


def errors_first(metrics: Iterable[Metric]) -> list[Metric]:
    """Return metrics for a list of lines: errors, which are compared with each other, stand together at its head."""
    return sorted(metrics, key=lambda metric: metric.scale is None)


def baselines_of(name: str) -> list[Metric]:
    """Return the metrics of the baselines that a model's metric is compared with."""
    return [metric for metric in METRICS if metric.baseline_of == name]
