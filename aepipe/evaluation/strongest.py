"""Baselines at a model's code size, and the strongest of them: the one that the model has to beat."""

from dataclasses import dataclass

from aepipe.evaluation.catalogue import MSE, Metrics, baselines_of

# What each is called, by the name of its figure; older releases have PCA's alone.
BASELINES = {metric.name: metric.label for metric in baselines_of(MSE)}


@dataclass(frozen=True)
class Baseline:
    """One baseline's error: the figure's name, what it is called, MSE per pixel on held-out images."""

    name: str
    label: str
    mse_per_pixel: float


def find_baselines(metrics: Metrics) -> list[Baseline]:
    """Return the baselines that there are figures of, in the order of `BASELINES`."""
    found = [(name, label, metrics.get(name)) for name, label in BASELINES.items()]
    return [Baseline(name, label, error) for name, label, error in found if error is not None]


def find_strongest(metrics: Metrics) -> Baseline | None:
    """Return the baseline with the smallest error; None where there is no figure of any."""
    return min(find_baselines(metrics), key=lambda baseline: baseline.mse_per_pixel, default=None)


def require_strongest(metrics: Metrics) -> Baseline:
    """Return the baseline with the smallest error, where at least one was measured.

    Raises:
        ValueError: none was.
    """
    strongest = find_strongest(metrics)
    if strongest is None:
        raise ValueError(f"At least one baseline is measured. Received: metrics={sorted(metrics)}.")
    return strongest
