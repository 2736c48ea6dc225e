"""Denoisers on the noisy-input test sets of their releases."""

from collections.abc import Iterator, Mapping

from aepipe.experiments.reproductions.case import Case, Figure, Published, Table
from aepipe.experiments.reproductions.measuring import evaluated
from aepipe.noise import NoiseParameters
from aepipe.recipes import RecipeName
from aepipe.stages.request import TrainingRequest
from aepipe.store import Store

BM3D = "BM3D"
# The level that each is judged by, and what BM3D comes to there.
LEVELS = {"mnist-denoising": (0.4, 14.1), "faces-denoising": (0.2, 22.6)}


def _psnr(store: Store, request: TrainingRequest) -> Mapping[str, float | None]:
    # Here, because it takes a while to import.
    from aepipe.evaluation.metrics import psnr_db

    level, _ = LEVELS[request.recipe]
    metrics = evaluated(store, request, NoiseParameters(kinds=("gaussian",), levels=(level,))).measured.metrics
    names = {"denoised": "denoised_mse_per_pixel", "linear": "linear_mse_per_pixel", "noisy": "noisy_mse_per_pixel"}
    return {name: psnr_db(error) for name, metric in names.items() if (error := metrics.get(metric)) is not None}


def _cases() -> Iterator[Case]:
    for recipe, (level, bm3d) in LEVELS.items():
        yield Case(
            row=f"{recipe}, noise {level}",
            request=TrainingRequest(recipe=RecipeName(recipe)),
            setting=f"{recipe}, tuned",
            figures=(
                _in_decibels("denoised", "PSNR (dB)", (Published(bm3d, BM3D),), quick_limit=10),
                _in_decibels("linear", "PSNR of the best linear map"),
                _in_decibels("noisy", "PSNR of the noisy input"),
            ),
            measure=_psnr,
            is_quick=recipe == "mnist-denoising",
        )


def _in_decibels(
    name: str, label: str, published: tuple[Published, ...] = (), quick_limit: float | None = None
) -> Figure:
    return Figure(name, label, places=1, better="higher", published=published, quick_limit=quick_limit)


TABLE = Table(
    "denoising",
    "Denoising",
    "PSNR of the mean squared error over held-out images with Gaussian noise of the level that a recipe is "
    "judged by; BM3D is from PyPI, on the first 100 digits and all faces that are held out.",
    "model",
    _cases,
)
