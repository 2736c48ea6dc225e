"""The tuned settings beside those that were the best for Adam: time to Adam's error, and the error: make bench-quality.

Three trainings of a recipe stand in one process: the setting that was searched for Adam, the tuned one, and the tuned
one with so few epochs that it comes to Adam's error. Whichever has had the least processor time, as a share of what it
needs, does the next epoch, so that what else the machine does hits all of them. Processor time has compiling in it;
errors are the losses on the validation part: mean squared errors, of mnist-variational negative ELBOs in nats. With
`--share` all have fewer epochs.
"""

import json
import time
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
class Rival:
    """What was the best for Adam.

    Attributes:
        learning_rate: Adam's, with the recipe's schedule.
        batch_size: Images a step.
        epochs: How long.
        sooner: Share of the tuned setting's epochs after which its error is to be reached.
    """

    learning_rate: float
    batch_size: int
    epochs: int
    sooner: float

    def changes(self) -> dict[str, Any]:
        """Return what makes a recipe's tuned setting this one, but for its length."""
        return {
            "optimizer": {"name": "adam"},
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
        }


# Studies mnist-dense-94dbd1db46d5 and faces-conv-841f93296b0a; the others had no better one.
RIVALS = {
    "mnist-dense": Rival(1.56e-3, 150, 40, sooner=0.6),
    "mnist-variational": Rival(1e-3, 150, 40, sooner=0.7),
    "mnist-denoising": Rival(1e-3, 150, 25, sooner=0.6),
    "faces-conv": Rival(3.7e-4, 10, 100, sooner=0.9),
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
        """The lowest loss so far."""
        return min(error for _, error in self.reached)

    def run_epoch(self) -> None:
        """Train for one epoch."""
        before = time.process_time()
        self.trainer.run_steps()
        self.trainer.end_epoch()
        self.seconds += time.process_time() - before
        self.reached.append((self.seconds, self.trainer.state.history[-1].validation_loss))

    def seconds_to(self, error: float) -> float | None:
        """Return the processor time after which a loss was reached; None where it was not."""
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
    rival, epochs = RIVALS[recipe], get_recipe(recipe).tuned.training.epochs
    adam, sooner, tuned = trainings = [
        prepare(
            plan_requests((recipe,), Overrides(epochs=max(1, round(share * number)), **changes), {}, exports=())[0],
            store,
        )
        for number, changes in ((rival.epochs, rival.changes()), (rival.sooner * epochs, {}), (epochs, {}))
    ]
    while min(training.done for training in trainings) < 1:
        min(trainings, key=lambda training: training.done).run_epoch()
    seconds = sooner.seconds_to(adam.best) or tuned.seconds_to(adam.best)
    return {
        "recipe": recipe,
        "share": share,
        "epochs": [training.trainer.settings.epochs for training in trainings],
        "adam_loss": adam.best,
        "adam_seconds": adam.seconds,
        "seconds_to_adams_loss": seconds,
        "ratio": None if seconds is None else adam.seconds_to(adam.best) / seconds,
        "tuned_loss": tuned.best,
        "tuned_seconds": tuned.seconds,
    }


def show(rows: list[dict[str, Any]]) -> None:
    """Print a row for each recipe."""
    table = Table(title="Validation loss, and seconds of processor time")
    for column in ("recipe", "share", "Adam's best", "tuned: time to that error", "ratio", "tuned, in full"):
        table.add_column(column, justify="left" if column == "recipe" else "right")
    for row in rows:
        seconds = row["seconds_to_adams_loss"]
        table.add_row(
            row["recipe"],
            f"{row['share']:g}",
            f"{row['adam_loss']:.4g} in {row['adam_seconds']:.0f} s",
            "not reached" if seconds is None else f"{seconds:.0f} s",
            "" if seconds is None else f"{row['ratio']:.2f}",
            f"{row['tuned_loss']:.4g} in {row['tuned_seconds']:.0f} s",
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
    for recipe in recipes or RIVALS:
        rows.append(compare(open_store(store), recipe, share))
        output.write_text(json.dumps(rows, indent=2) + "\n")
    show(rows)


if __name__ == "__main__":
    typer.run(main)
