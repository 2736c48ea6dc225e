"""Denoisers on their noisy test sets, beside BM3D and the best linear map: make bench-denoising.

The tuned recipes as `aepipe run` trains them; those that the store has are not trained again. All methods get the same
noisy images. The linear map is fitted for each level, on the training images; BM3D is told the level, and takes of
three strengths the one that is best on the first images, clean ones at hand; each model is one for all levels. PSNR is
that of the mean squared error over the images.
"""

import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from aepipe.evaluation.baselines import LinearDenoiser
from aepipe.evaluation.metrics import psnr_db
from aepipe.evaluation.subject import predict
from aepipe.linear import most_rows
from aepipe.noise import NoiseSpec
from aepipe.recipes.plan import Overrides
from aepipe.splits import evenly_spaced
from aepipe.stages.data import load_data
from aepipe.stages.graph import outcome_of
from aepipe.stages.noise import load_noise
from aepipe.stages.outcome import Done
from aepipe.stages.request import plan_requests
from aepipe.stages.split import load_split
from aepipe.store import Store, open_store
from aepipe.store.local_files import local_file
from aepipe.training.saving import load_autoencoder

RECIPES = ("mnist-denoising", "faces-denoising")
STRENGTHS, NUM_DECISIVE = (0.75, 1.0, 1.5), 10
METHODS = ("nothing", "bm3d", "linear", "model")


def bm3d_image(deviation: float, image: np.ndarray) -> np.ndarray:
    """Return what BM3D makes of one image, (height, width, 1)."""
    from bm3d import bm3d

    return np.clip(bm3d(image[..., 0].astype(np.float64), deviation), 0, 1)[..., np.newaxis]


def by_bm3d(noisy: np.ndarray, clean: np.ndarray, level: float, pool: ProcessPoolExecutor) -> np.ndarray:
    """Return what BM3D makes of images at the best of a few strengths."""

    def denoised(images: np.ndarray, strength: float) -> np.ndarray:
        return np.stack(list(pool.map(partial(bm3d_image, strength * level), images)))

    some = slice(NUM_DECISIVE)
    errors = {strength: mse(denoised(noisy[some], strength), clean[some]) for strength in STRENGTHS}
    return denoised(noisy, min(errors, key=errors.get))


def by_linear_map(store: Store, outcome: Done, spec: NoiseSpec, noisy: np.ndarray) -> np.ndarray:
    """Return what the best linear map of the training images makes of images."""
    data, split = load_data(store, outcome.data), load_split(store, outcome.split)
    rows = np.union1d(split.train, split.validation)
    rows = rows[evenly_spaced(len(rows), most_rows(noisy[0].size))]
    return LinearDenoiser.fit(data.scaled(rows), rows, spec, load_noise(store, outcome.noisy).seed).denoise(noisy)


def mse(images: np.ndarray, clean: np.ndarray) -> float:
    """Return the mean squared error per pixel."""
    return float(np.mean(np.square(images - clean)))


def measure(store: Store, outcome: Done, most_images: int, pool: ProcessPoolExecutor) -> list[dict[str, object]]:
    """Return a row for each level of Gaussian noise: the error of each method."""
    files, noise = outcome.trained.files, load_noise(store, outcome.noisy)
    parts = {name: local_file(store, files[f"{name}.keras"]) for name in ("model", "encoder", "decoder")}
    model, found = load_autoencoder(**parts).model, []
    for spec in (one for one in noise.specs if one.kind == "gaussian"):
        clean, noisy = (images[:most_images] for images in noise.pair(spec))
        restored = {
            "nothing": noisy,
            "bm3d": by_bm3d(noisy, clean, spec.level, pool),
            "linear": by_linear_map(store, outcome, spec, noisy),
            "model": predict(model, noisy),
        }
        errors = {name: mse(images, clean) for name, images in restored.items()}
        found.append({"recipe": outcome.recipe, "level": spec.level, "num_images": len(clean), **errors})
    return found


def main(
    store: str = "./store", most_images: int = 100, epochs: int | None = None, output: Path = Path("denoising.json")
) -> None:
    """Measure, print, and write denoising.json."""
    opened, rows = open_store(store), []
    requests = plan_requests(RECIPES, Overrides(epochs=epochs), {}, exports=())
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for request in requests:
            outcome = outcome_of(request, lambda stage: stage.produce(opened))
            rows += measure(opened, outcome, most_images, pool)
    output.write_text(json.dumps(rows, indent=2) + "\n")
    table = Table(title="PSNR in dB on Gaussian noise; the same images for all")
    for column in ("recipe", "level", "images", "noisy input", "BM3D", "best linear map", "model"):
        table.add_column(column, justify="left" if column == "recipe" else "right")
    for row in rows:
        figures = [f"{psnr_db(row[method]):.1f}" for method in METHODS]
        table.add_row(row["recipe"], f"{row['level']:g}", str(row["num_images"]), *figures)
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
