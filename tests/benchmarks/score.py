"""Scoring of many pictures beside the model's forward pass alone: python score.py --help.

Each round is a process of its own for either, one after the other. The forward pass has its pictures in memory, in the
form that the model takes; it is timed compiled, as scoring has it, and as Keras runs it when a model is called. Scoring
reads JPEGs, decodes them, and writes table, heat maps and page. Where others use the machine, too, the seconds of
processors say more than those of a clock. The peak is that of all processes together, for two numbers of pictures.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer
from data import Watch, make_pictures
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
def forward(top: Path, count: int, how: str) -> None:
    """Time so many pictures through the model, some of them again and again."""
    import aepipe

    model = aepipe.load(top / "store", RECIPE).model
    pixels = np.random.default_rng(0).random((BATCH, *model.input_shape[1:]), np.float32)
    compute = partial(model, training=False) if how == "called" else model.predict_on_batch
    compute(pixels)
    _tell(lambda: [compute(pixels) for _ in range(-(-count // BATCH))])


@app.command()
def score(top: Path, pictures: str) -> None:
    """Time the scoring of all pictures of a folder."""
    # What is loaded once is loaded.
    score_pictures(str(top / "training"), top / "store", RECIPE, output=top / f"warm-{os.getpid()}", worst=1)
    _tell(lambda: score_pictures(str(top / pictures), top / "store", RECIPE, output=top / f"scores-{os.getpid()}"))


@app.command()
def run(
    count: Annotated[int, typer.Option(help="How many pictures.")] = 10_000,
    rounds: Annotated[int, typer.Option(help="How often each is timed.")] = 3,
) -> None:
    """Print pictures a second, medians of all rounds, their ratios, and the peak memory of scoring many and few."""
    with tempfile.TemporaryDirectory(prefix="aepipe-bench-") as folder:
        top, few = Path(folder), count // 3
        make_pictures(top / "pictures", count, os.cpu_count() or 1)
        make_pictures(top / "few", few, os.cpu_count() or 1)
        make_pictures(top / "training", NUM_TRAINING, 1)
        make_store(top)
        measure_few = _measure("score", top, "few")
        commands = {
            "score": ("score", top, "pictures"),
            "compiled": ("forward", top, count, "compiled"),
            "called": ("forward", top, count, "called"),
        }
        found: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
        for number in range(rounds):
            for name in list(commands)[:: 1 if number % 2 else -1]:
                found[name].append(_measure(*commands[name]))
    of = {name: {key: median(one[key] for one in all_of) for key in all_of[0]} for name, all_of in found.items()}
    print(
        json.dumps(
            _summary(count, of) | {"peak_megabytes": {few: measure_few["megabytes"], count: of["score"]["megabytes"]}}
        )
    )


def _measure(*arguments: object) -> dict[str, float]:
    """Return what a command of this file says, and the peak memory of its processes."""
    command = [sys.executable, __file__, *(str(argument) for argument in arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watch = Watch(process.pid)
    said, _ = process.communicate()
    megabytes = watch.end() / 1e6
    if process.returncode:
        raise SystemExit(process.returncode)
    return {**json.loads(said.splitlines()[-1]), "megabytes": round(megabytes)}


def _summary(count: int, of: Mapping[str, Mapping[str, float]]) -> dict[str, object]:
    """Return pictures a second of each, and the ratio of scoring to either forward pass, by clock and by processors."""
    summary: dict[str, object] = {"pictures": count}
    for name, times in of.items():
        summary[f"{name}_per_second"] = round(count / times["seconds"], 1)
    for name in ("compiled", "called"):
        for key, kind in (("seconds", ""), ("processor_seconds", "processor_")):
            summary[f"{kind}ratio_to_{name}"] = round(of[name][key] / of["score"][key], 3)
    return summary


def _tell(work: Callable[[], object]) -> None:
    before, started = _processor_seconds(), time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "processor_seconds": _processor_seconds() - before}))


def _processor_seconds() -> float:
    """Return what this process and those of its that ended have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    app()
