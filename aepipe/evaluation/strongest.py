"""Which of the baselines at a model's code size is the strongest: the one that the model has to beat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What each is called, by the name of its figure; older releases have PCA's alone.
BASELINES = {
    "pca_mse_per_pixel": "PCA",
    "patch_pca_mse_per_pixel": "PCA of patches",
    "dct_mse_per_pixel": "DCT low-pass",
}


@dataclass(frozen=True)
class Baseline:
    """One baseline's error: the figure's name, what it is called, MSE per pixel on held-out images."""

    name: str
    label: str
    mse_per_pixel: float


def find_baselines(facts: Mapping[str, Any]) -> list[Baseline]:
    """Return the baselines that an evaluation has figures of, in the order of `BASELINES`."""
    return [Baseline(name, label, facts[name]) for name, label in BASELINES.items() if facts.get(name) is not None]


def find_strongest(facts: Mapping[str, Any]) -> Baseline | None:
    """Return the baseline with the smallest error; None where there is no figure of any."""
    return min(find_baselines(facts), key=lambda baseline: baseline.mse_per_pixel, default=None)
