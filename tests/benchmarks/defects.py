"""Defects made in textures of 256 px, in the layout mvtec: what a model finds of them, and how often it is wrong.

`make defects` trains a model for each texture and prints AUROC of pictures and pixels, AUPRO, both beside PCA, and the
false alarms among 500 normal pictures that were made after it.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from scipy.stats import betabinom, binom
from textures import DEFECTS, TEXTURES, picture

from aepipe.evaluation.subject import predict
from aepipe.recipes.plan import Overrides
from aepipe.scoring.files import FILES, read_scoring
from aepipe.stages.calibrate import CalibrateStage
from aepipe.stages.data import DataSettings, DataStage
from aepipe.stages.request import TrainingRequest
from aepipe.stages.results import CalibrationResult, TrainedResult
from aepipe.stages.split import SplitStage
from aepipe.stages.train import TrainStage
from aepipe.store import Store, open_store
from aepipe.store.local_files import local_file

NUM_TRAIN, NUM_TEST, NUM_DEFECTS, NUM_FRESH = 400, 150, 40, 500
# Seeds of the pictures of each part; no two are the same.
FIRST = {"train": 0, "test": 10_000, "fresh": 20_000}
RATE, CHANCE = 0.01, 0.99
PIXELS = ("pixel_auroc", "pca_pixel_auroc", "aupro", "pca_aupro")

app = typer.Typer(add_completion=False)


def write_set(texture: str, folder: Path, contrast: float) -> None:
    """Write normal pictures to train and test on, and defective ones with their masks."""
    from PIL import Image

    for path, pixels in _files(texture, contrast):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / path)


def _files(texture: str, contrast: float) -> Iterator[tuple[str, np.ndarray]]:
    for part, count in (("train", NUM_TRAIN), ("test", NUM_TEST)):
        for number in range(count):
            yield f"{part}/good/{number:03}.png", picture(texture, FIRST[part] + number)[0]
    for defect in DEFECTS:
        for number in range(NUM_DEFECTS):
            shown, mask = picture(texture, number, defect, contrast)
            yield f"test/{defect}/{number:03}.png", shown
            yield f"ground_truth/{defect}/{number:03}_mask.png", mask


def train(
    store: Store, folder: Path, recipe: str, size: int, steps: int, architecture: str | None, code_size: int | None
) -> tuple[TrainedResult, CalibrationResult]:
    """Train a model of a folder's normal pictures, and measure what it finds."""
    request = TrainingRequest(
        recipe=recipe,
        data_set=f"images:{folder}",
        data=DataSettings(size=str(size)),
        overrides=Overrides(max_steps=steps, code_size=code_size, model={"architecture": architecture}),
    )
    data = DataStage(request.data_parameters()).produce(store)
    split = SplitStage(data, request.split_settings(data)).produce(store)
    trained = TrainStage(request.training_plan(data), data, split).produce(store)
    return trained, CalibrateStage(data, split, trained).produce(store)


def count_false_alarms(
    store: Store, texture: str, size: int, trained: TrainedResult, calibrated: CalibrationResult
) -> int:
    """Return how many of 500 new normal pictures are called anomalous."""
    from aepipe.datasets.formats.fitting import resized
    from aepipe.training.saving import load_model

    scoring = read_scoring({name: local_file(store, calibrated.files[name]) for name in FILES})
    encoder, decoder = (
        load_model(local_file(store, trained.files[f"{name}.keras"])) for name in ("encoder", "decoder")
    )
    shown = (picture(texture, FIRST["fresh"] + number)[0] for number in range(NUM_FRESH))
    originals = np.stack([resized(one, (size, size)) for one in shown])[..., None].astype(np.float32) / 255
    codes = predict(encoder, originals)
    verdicts = scoring.judge(scoring.scores(originals, predict(decoder, codes), codes), RATE)["verdict"]
    return int((verdicts == "anomalous").sum())


def report(texture: str, calibrated: CalibrationResult, num_alarms: int) -> Iterator[str]:
    """Yield what a model came to, in lines."""
    facts = calibrated.facts
    found, num = facts.detection, facts.num_calibration
    rank = int(RATE * (num + 1))
    chance = betabinom(NUM_FRESH, rank, num + 1 - rank).interval(CHANCE)
    bounds = "{:.0f} to {:.0f}".format(*binom(NUM_FRESH, RATE).interval(CHANCE))
    yield f"{texture}: score {facts.score}. {facts.why}"
    yield f"  pictures: AUROC {found['auroc']:.3f} (PCA {found['pca_auroc']:.3f}), F1 {found['f1']:.3f}"
    yield "  pixels: {:.3f} (PCA {:.3f}), AUPRO {:.3f} (PCA {:.3f})".format(*(found[name] for name in PIXELS))
    yield (
        f"  {num_alarms} false alarms in {NUM_FRESH} fresh normal pictures; by chance {bounds}, with {num} calibration "
        f"pictures {chance[0]:.0f} to {chance[1]:.0f} ({CHANCE:.0%})"
    )


@app.command()
def run(
    recipe: Annotated[str, typer.Option(help="What is trained.")] = "faces-conv",
    size: Annotated[int, typer.Option(help="Pixels of a side that the model sees.")] = 128,
    steps: Annotated[int, typer.Option(help="Of the training.")] = 600,
    architecture: Annotated[str | None, typer.Option(help="Another than the recipe's.")] = None,
    code_size: Annotated[int | None, typer.Option(help="Another than the recipe's.")] = None,
    textures: Annotated[list[str] | None, typer.Option("--texture", help="Only these textures.")] = None,
    contrast: Annotated[float, typer.Option(help="Grey levels between defects and their pictures' mean.")] = 40.0,
    folder: Annotated[Path | None, typer.Option(help="Where pictures and store are kept.")] = None,
) -> None:
    """Make the pictures, train, and print what is found."""
    with tempfile.TemporaryDirectory(prefix="aepipe-defects-") as temporary:
        top = folder or Path(temporary)
        store = open_store(top / "store")
        for texture in textures or TEXTURES:
            if not (top / texture).exists():
                write_set(texture, top / texture, contrast)
            trained, calibrated = train(store, top / texture, recipe, size, steps, architecture, code_size)
            num_alarms = count_false_alarms(store, texture, size, trained, calibrated)
            print(*report(texture, calibrated, num_alarms), sep="\n", flush=True)


if __name__ == "__main__":
    app()
