"""Another optimizer beside the tuned settings: time to their error, and the error in their time. make bench-quality.

Three trainings of a recipe stand in one process: the tuned setting, one by the other optimizer that is to come to its
error sooner, and one that is to take as long. Whichever has had the least processor time, as a share of what it needs,
does the next epoch, so that what else the machine does hits all of them. Processor time has compiling in it; errors are
mean squared errors on the validation part. With `--share` all have fewer epochs.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from aepipe.models import build, fit_start
from aepipe.recipes import get_recipe
from aepipe.recipes.overrides import Overrides
from aepipe.stages.data import DataStage, load_data
from aepipe.stages.request import TrainingRequest, plan_requests
from aepipe.stages.split import SplitStage, load_split
from aepipe.store import Store, open_store
from aepipe.training.batches import Pixels
from aepipe.training.perturbation import training_images
from aepipe.training.trainer import Trainer


@dataclass(frozen=True)
class Candidate:
    """What is changed about a tuned setting.

    Attributes:
        changes: To its training.
        sooner: Share of its epochs after which its error is to be reached.
        as_long: Share of its epochs that takes as long.
    """

    changes: Mapping[str, Any]
    sooner: float
    as_long: float


LARGE_BATCHES = {"optimizer": {"name": "muon"}, "learning_rate": 0.015, "batch_size": 600}
CANDIDATES = {
    "mnist-dense": Candidate(LARGE_BATCHES, sooner=0.25, as_long=0.4),
    "mnist-variational": Candidate(LARGE_BATCHES, sooner=0.25, as_long=0.4),
    "mnist-denoising": Candidate(LARGE_BATCHES, sooner=0.25, as_long=0.4),
    "faces-conv": Candidate({"optimizer": {"name": "muon"}}, sooner=0.4, as_long=0.8),
}


@dataclass
class Training:
    """One training, an epoch at a time.

    Attributes:
        trainer: Does it.
        seconds: Processor time that it has had.
        reached: Processor time and validation error after each epoch.
    """

    trainer: Trainer
    seconds: float = 0.0
    reached: list[tuple[float, float]] = field(default_factory=list)

    @property
    def done(self) -> float:
        """The share of its epochs that are done."""
        return len(self.reached) / self.trainer.settings.epochs

    @property
    def best(self) -> float:
        """The lowest error so far."""
        return min(error for _, error in self.reached)

    def run_epoch(self) -> None:
        """Train for one epoch."""
        before = time.process_time()
        self.trainer.run_steps()
        self.trainer.end_epoch()
        self.seconds += time.process_time() - before
        self.reached.append((self.seconds, self.trainer.state.history[-1].validation_mse))

    def seconds_to(self, error: float) -> float | None:
        """Return the processor time after which the error was reached; None where it was not."""
        return next((seconds for seconds, reached in self.reached if reached <= error), None)


def prepare(request: TrainingRequest, store: Store) -> Training:
    """Return a training as it is requested."""
    data = DataStage(request.data_parameters()).produce(store)
    split = load_split(store, SplitStage(data, request.split_settings(data)).produce(store))
    plan, images = request.training_plan(data), load_data(store, data)
    train, validation = (Pixels(images.images, images.pixel_range, rows) for rows in (split.train, split.validation))
    autoencoder = build(plan.model, plan.image_shape, plan.training.seed)
    fit_start(plan.model, autoencoder, training_images(train, plan.training))
    return Training(Trainer(autoencoder, train, validation, plan.training))


def compare(store: Store, recipe: str, share: float) -> dict[str, object]:
    """Return what the three trainings of a recipe came to."""
    candidate, epochs = CANDIDATES[recipe], share * get_recipe(recipe).tuned.training.epochs
    tuned, sooner, as_long = trainings = [
        prepare(plan_requests((recipe,), Overrides(epochs=max(1, round(number)), **changes), {}, exports=())[0], store)
        for number, changes in (
            (epochs, {}),
            (candidate.sooner * epochs, candidate.changes),
            (candidate.as_long * epochs, candidate.changes),
        )
    ]
    while min(training.done for training in trainings) < 1:
        min(trainings, key=lambda training: training.done).run_epoch()
    seconds = sooner.seconds_to(tuned.best)
    return {
        "recipe": recipe,
        "share": share,
        "epochs": [training.trainer.settings.epochs for training in trainings],
        "tuned_mse": tuned.best,
        "tuned_seconds": tuned.seconds,
        "sooner_mse": sooner.best,
        "sooner_seconds": seconds,
        "ratio": None if seconds is None else tuned.seconds_to(tuned.best) / seconds,
        "as_long_mse": as_long.best,
        "as_long_seconds": as_long.seconds,
    }


def show(rows: list[dict[str, Any]]) -> None:
    """Print a row for each recipe."""
    table = Table(title="Validation MSE, and seconds of processor time")
    for column in (
        "recipe",
        "share",
        "tuned",
        "the other: time to that error",
        "ratio",
        "its error, trained about as long",
    ):
        table.add_column(column, justify="left" if column == "recipe" else "right")
    for row in rows:
        reached = row["sooner_seconds"] is not None
        table.add_row(
            row["recipe"],
            f"{row['share']:g}",
            f"{row['tuned_mse']:.6f} in {row['tuned_seconds']:.0f} s",
            f"{row['sooner_seconds']:.0f} s" if reached else f"not reached: {row['sooner_mse']:.6f}",
            f"{row['ratio']:.2f}" if reached else "",
            f"{row['as_long_mse']:.6f} in {row['as_long_seconds']:.0f} s",
        )
    Console(width=130).print(table)


def main(
    recipes: Annotated[list[str] | None, typer.Argument(help="All that there are by default.")] = None,
    share: Annotated[float, typer.Option(min=0.01, max=1, help="Share of the tuned epochs.")] = 1.0,
    store: str = "./store",
    output: Path = Path("quality.json"),
) -> None:
    """Measure, print, and write quality.json."""
    rows = []
    for recipe in recipes or CANDIDATES:
        rows.append(compare(open_store(store), recipe, share))
        output.write_text(json.dumps(rows, indent=2) + "\n")
    show(rows)


if __name__ == "__main__":
    typer.run(main)
