"""Scoring of many pictures beside the model's forward pass alone: python score.py --help.

Each round is a process of its own for either, one after the other. The forward pass has its pictures in memory, in the
form that the model takes; scoring reads JPEGs, decodes them, and writes table, heat maps and page.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer
from data import make_pictures
from published_models import RECIPE, publish

from aepipe.inference.score import score_pictures
from aepipe.recipes.plan import Overrides
from aepipe.stages.calibrate import CalibrateStage
from aepipe.stages.data import DataStage
from aepipe.stages.request import TrainingRequest
from aepipe.stages.split import SplitStage
from aepipe.stages.train import TrainStage
from aepipe.store import open_store
from aepipe.store.local_files import local_file

MODEL, SIDE, NUM_TRAINING, BATCH = "faces-conv", 64, 500, 256
NAMES = ("model.keras", "encoder.keras", "decoder.keras", "recipe.json")

app = typer.Typer(add_completion=False)


def make_store(top: Path) -> None:
    """Publish a model of a few pictures that was trained for a few steps: as fast as any."""
    store = open_store(top / "store")
    request = TrainingRequest(
        recipe=MODEL,
        data_set=f"images:{top / 'training'}",
        data={"size": SIDE, "color": "grey"},
        overrides=Overrides(max_steps=5),
    )
    data = DataStage(request.data_parameters()).produce(store)
    split = SplitStage(data, request.split_settings(data)).produce(store)
    trained = TrainStage(request.training_plan(data), data, split).produce(store)
    calibrated = CalibrateStage(data, split, trained).produce(store)
    files = {name: trained.files[name] for name in NAMES} | calibrated.files
    publish(store, {name: local_file(store, ref) for name, ref in files.items()}, {RECIPE: "promoted"})


@app.command()
def forward(top: Path, count: int) -> None:
    """Time so many pictures through the model, some of them again and again."""
    import aepipe

    loaded = aepipe.load(top / "store", RECIPE)
    pixels = np.random.default_rng(0).random((BATCH, *loaded.image_shape), np.float32)
    loaded.reconstruct(pixels)
    _tell(lambda: [loaded.model(pixels, training=False) for _ in range(-(-count // BATCH))])


@app.command()
def score(top: Path) -> None:
    """Time the scoring of all pictures."""
    # What is loaded once is loaded.
    score_pictures(str(top / "training"), top / "store", RECIPE, output=top / f"warm-{os.getpid()}", worst=1)
    _tell(lambda: score_pictures(str(top / "pictures"), top / "store", RECIPE, output=top / f"scores-{os.getpid()}"))


@app.command()
def run(
    count: Annotated[int, typer.Option(help="How many pictures.")] = 10_000,
    rounds: Annotated[int, typer.Option(help="How often each is timed.")] = 3,
) -> None:
    """Print pictures a second of both, their ratio, and the peak memory of scoring, medians of all rounds."""
    with tempfile.TemporaryDirectory(prefix="aepipe-bench-") as folder:
        top = Path(folder)
        make_pictures(top / "pictures", count, os.cpu_count() or 1)
        make_pictures(top / "training", NUM_TRAINING, 1)
        make_store(top)
        found: dict[str, list[dict[str, float]]] = {"forward": [], "score": []}
        for number in range(rounds):
            order = [("forward", str(top), str(count)), ("score", str(top))]
            for arguments in order if number % 2 == 0 else order[::-1]:
                command = [sys.executable, __file__, *arguments]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found[arguments[0]].append(json.loads(done.stdout.splitlines()[-1]))
    seconds = {name: median(one["seconds"] for one in times) for name, times in found.items()}
    print(
        json.dumps(
            {
                "pictures": count,
                "forward_per_second": round(count / seconds["forward"], 1),
                "score_per_second": round(count / seconds["score"], 1),
                "ratio": round(seconds["forward"] / seconds["score"], 3),
                "score_peak_megabytes": round(median(one["megabytes"] for one in found["score"])),
            }
        )
    )


def _tell(work) -> None:
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": peak}))


if __name__ == "__main__":
    app()
