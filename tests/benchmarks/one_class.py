"""One class against the rest, the protocol of Ruff et al., "Deep One-Class Classification", 2018: make one-class.

Each class once as normal: its training images train, the whole official test part is scored. AUROC of the score that
the validation part chose, of every score, and of PCA's residual at the same code size. What was measured is a row of a
file, so a run that was stopped goes on where it was.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from aepipe import datasets
from aepipe.recipes.plan import Overrides
from aepipe.scoring.scores import SCORES
from aepipe.stages.calibrate import CalibrateStage
from aepipe.stages.data import DataSettings, DataStage
from aepipe.stages.request import TrainingRequest
from aepipe.stages.results import DataResult, SplitResult
from aepipe.stages.split import SplitStage
from aepipe.stages.train import TrainStage
from aepipe.store import Store, open_store
from aepipe.store.local_files import local_file

CODE_SIZE = 32
COLUMNS = ("PCA", *SCORES, "chosen")


@dataclass(frozen=True)
class Protocol:
    """How a data set is done.

    Attributes:
        recipe: What is trained.
        max_steps: How long.
        color: What is chosen about the channels.
        published: Mean AUROC that others have, by the method.
    """

    recipe: str
    max_steps: int
    color: str
    published: Mapping[str, float]


RUFF = {"DCAE (Ruff 2018)": 0.897, "Deep SVDD (Ruff 2018)": 0.948}
PROTOCOLS = {
    "mnist": Protocol("mnist-dense", 600, "keep", RUFF),
    "fashion-mnist": Protocol("mnist-dense", 600, "keep", {}),
    "cifar10": Protocol("horses-stacked", 60, "rgb", {"DCAE (Ruff 2018)": 0.594, "Deep SVDD (Ruff 2018)": 0.648}),
}


def rows_of_class(
    data_set: str, class_name: str, seeds: Sequence[int], max_steps: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield a row for each seed, with one class as normal."""
    with tempfile.TemporaryDirectory(prefix="aepipe-one-class-") as folder:
        store = open_store(folder)
        for seed in seeds:
            started = time.perf_counter()
            measured = measure(store, request_for(data_set, class_name, seed, max_steps))
            seconds = round(time.perf_counter() - started, 1)
            yield {"data_set": data_set, "class": class_name, "seed": seed, **measured, "seconds": seconds}


def request_for(data_set: str, class_name: str, seed: int, max_steps: int | None) -> TrainingRequest:
    """Return what is trained with one class as normal."""
    protocol = PROTOCOLS.get(data_set, PROTOCOLS["mnist"])
    return TrainingRequest(
        recipe=protocol.recipe,
        data_set=data_set,
        overrides=Overrides(code_size=CODE_SIZE, seed=seed, max_steps=max_steps or protocol.max_steps),
        data=DataSettings(classes=(class_name,), color=protocol.color),
    )


def measure(store: Store, request: TrainingRequest) -> dict[str, Any]:
    """Return the AUROC of each score and of PCA's residual, and which score was chosen, by the product's own stages."""
    data: DataResult = DataStage(request.data_parameters()).produce(store)
    split: SplitResult = SplitStage(data, request.split_settings(data)).produce(store)
    trained = TrainStage(request.training_plan(data), data, split).produce(store)
    calibrated = CalibrateStage(data, split, trained).produce(store)
    table = pd.read_csv(local_file(store, calibrated.files["detection.csv"]))
    found = table[table.class_name == "all"].set_index("metric").value
    aurocs = {"PCA": found["pca_auroc"], **{name: found[f"{name}_auroc"] for name in SCORES}}
    return {**aurocs, "chosen": aurocs[calibrated.facts.score], "score": calibrated.facts.score}


def summarise(rows: pd.DataFrame) -> str:
    """Return a Markdown table: means over classes and seeds, in percent, and what others have published."""
    lines = ["| data | classes | seeds | published | " + " | ".join(COLUMNS) + " | chosen was |"]
    lines.append("|" + " --- |" * (len(COLUMNS) + 5))
    for name, of_set in rows.groupby("data_set", sort=False):
        published = PROTOCOLS[name].published if name in PROTOCOLS else {}
        means = of_set[list(COLUMNS)].mean()
        counts = of_set.score.value_counts()
        cells = [
            *(name, of_set["class"].nunique(), of_set.seed.nunique()),
            ", ".join(f"{who} {100 * value:.1f}" for who, value in published.items()) or "none known",
            *(f"{100 * means[column]:.1f}" for column in COLUMNS),
            ", ".join(f"{score} {count}" for score, count in counts.items()),
        ]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def main(
    output: Annotated[Path, typer.Option(help="The rows; those that are there are not done again.")] = Path(
        "one-class.csv"
    ),
    sets: Annotated[str, typer.Option(help="Data sets, with commas.")] = ",".join(PROTOCOLS),
    classes: Annotated[str, typer.Option(help="Numbers of classes, with commas; all by default.")] = "",
    seeds: Annotated[str, typer.Option(help="Seeds, with commas.")] = "0,1,2",
    max_steps: Annotated[int | None, typer.Option(help="Steps of each training, for a quick look.")] = None,
    at_least: Annotated[float, typer.Option(help="Fail where the chosen score's mean is less on any set.")] = 0.0,
) -> None:
    """Measure what the file lacks, and print the table."""
    wanted = [int(seed) for seed in seeds.split(",")]
    for data_set in sets.split(","):
        names = datasets.load(data_set).label_names
        numbers = [int(number) for number in classes.split(",")] if classes else range(len(names))
        for class_name in (names[number] for number in numbers):
            missing = [seed for seed in wanted if (data_set, class_name, seed) not in done(output)]
            for row in rows_of_class(data_set, class_name, missing, max_steps):
                pd.DataFrame([row]).to_csv(output, mode="a", header=not output.exists(), index=False)
                print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    rows = pd.read_csv(output, dtype={"class": str})
    print(summarise(rows))
    means = rows.groupby("data_set").chosen.mean()
    if (means < at_least).any():
        raise SystemExit(f"The mean AUROC is at least {at_least}. Received: {means.round(4).to_dict()}.")


def done(output: Path) -> set[tuple[str, str, int]]:
    """Return data set, class and seed of each row that the file has."""
    if not output.exists():
        return set()
    rows = pd.read_csv(output, dtype={"class": str})
    return set(zip(rows.data_set, rows["class"], rows.seed, strict=True))


if __name__ == "__main__":
    typer.run(main)
