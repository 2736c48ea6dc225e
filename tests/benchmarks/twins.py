"""Twins at the gate: how often it holds a model that differs by its seed alone, and one that is worse: make bench-gate.

Each recipe is trained for a short while with several seeds, and with fewer steps. Every pair of two seeds is a try, the
one as the channel's model, the other as the new one. Errors of each image are kept in a file, so a run that was stopped
goes on where it was.
"""

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from aepipe.evaluation.metrics import mse_per_image
from aepipe.evaluation.seeds import SeedSpread
from aepipe.evaluation.subject import predict
from aepipe.gate.comparison import Terms, compare
from aepipe.gate.incumbent import incumbent_rule
from aepipe.gate.measured import Measured
from aepipe.gate.seeds import DEFAULT_SPREAD
from aepipe.gate.settings import PublishSettings
from aepipe.recipes.plan import Overrides, SplitOverrides
from aepipe.splits import SplitMethod
from aepipe.stages.data import DataStage, load_data
from aepipe.stages.request import TrainingRequest
from aepipe.stages.split import SplitStage, load_split
from aepipe.stages.train import TrainStage
from aepipe.store import Store, open_store
from aepipe.store.local_files import local_file
from aepipe.training.saving import load_model


@dataclass(frozen=True)
class Case:
    """What is trained, and how long: one training of these takes seconds."""

    recipe: str
    max_steps: int
    split: SplitMethod | None = None


CASES = {
    "mnist-dense": Case("mnist-dense", 1200),
    "faces-conv": Case("faces-conv", 560),
    "faces-conv, unseen persons": Case("faces-conv", 560, "unseen-persons"),
}
# Twins have all steps; a model with fewer is worse. The exact number of percent is measured.
TWINS, WORSE, SHARES = 12, 4, (0.9, 0.8, 0.65)
SWEEP = 8
# Fewer draws than the gate's: thousands of comparisons.
SETTINGS = PublishSettings(resamples=500)
# Whom a rule holds: what was tolerated without asking chance, and what chance is taken to be.
FIXED, IMAGES = "2% at once", "images alone"
DEFAULT, SWEPT = f"seeds by {DEFAULT_SPREAD.share:.0%}", f"a sweep of {SWEEP}"
RULES = (FIXED, IMAGES, DEFAULT, SWEPT)


def train(store: Store, case: Case, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the error of each held-out image, and who is on it; of images of nobody each is its own."""
    request = TrainingRequest(
        recipe=case.recipe,
        overrides=Overrides(seed=seed, max_steps=round(share * case.max_steps)),
        split=SplitOverrides(method=case.split),
    )
    data = DataStage(request.data_parameters()).produce(store)
    split = SplitStage(data, request.split_settings(data)).produce(store)
    trained = TrainStage(request.training_plan(data), data, split).produce(store)
    images, rows = load_data(store, data), load_split(store, split).test
    originals = images.scaled(rows)
    model = load_model(local_file(store, trained.files["model.keras"]))
    groups = rows if images.persons is None else images.persons[rows]
    return mse_per_image(originals, predict(model, originals)), groups


def file_name(name: str) -> str:
    """Return what the files of a case begin with."""
    return name.replace(", ", "-").replace(" ", "-")


def measure(folder: Path, name: str) -> None:
    """Train what a folder lacks of a case."""
    wanted = [(1.0, seed) for seed in range(TWINS)]
    wanted += [(share, TWINS + seed) for share in SHARES for seed in range(WORSE)]
    with tempfile.TemporaryDirectory(prefix="aepipe-twins-") as stages:
        store = open_store(stages)
        for share, seed in wanted:
            path = folder / f"{file_name(name)}-{share:g}-{seed}.npz"
            if not path.exists():
                errors, groups = train(store, CASES[name], share, seed)
                np.savez(path, errors=errors, groups=groups)
                print(f"{name}: {share:.0%} of the steps, seed {seed}: {errors.mean():.6f}", flush=True)


@dataclass(frozen=True, eq=False)
class Model:
    """Errors of one training, and which it is."""

    share: float
    seed: int
    errors: np.ndarray
    groups: np.ndarray

    @classmethod
    def read(cls, path: Path) -> "Model":
        *_, share, seed = path.stem.split("-")
        with np.load(path) as stored:
            return cls(float(share), int(seed), stored["errors"], stored["groups"])


def is_held(new: Model, old: Model, spread: SeedSpread) -> bool:
    """Tell whether the gate holds one model back where the channel has the other."""
    groups = None if len(np.unique(new.groups)) == len(new.groups) else new.groups
    found = compare(new.errors, old.errors, Terms(SETTINGS, spread, groups))
    measured = Measured("old", float(old.errors.mean()), comparison=found)
    return not incumbent_rule(float(new.errors.mean()), measured, SETTINGS, demanded=True).passed


def spread_of(models: Sequence[Model]) -> SeedSpread:
    means = np.array([model.errors.mean() for model in models])
    return SeedSpread(share=means.std(ddof=1) / means.mean(), num_seeds=len(means))


def rows_of(models: Sequence[Model]) -> Iterator[dict[str, object]]:
    """Yield how often each rule holds twins, and each kind of worse model, against every twin."""
    twins = sorted((model for model in models if model.share == 1), key=lambda model: model.seed)
    for share in (1.0, *SHARES):
        new = [model for model in models if model.share == share]
        tries = [(one, other) for one, other in itertools.product(new, twins) if one is not other]
        mean = np.mean([one.errors.mean() / other.errors.mean() - 1 for one, other in tries])
        held: dict[str, list[bool]] = {name: [] for name in RULES}
        for one, other in tries:
            # A sweep of seeds that neither of the two has.
            others = [twin for twin in twins if twin not in (one, other)]
            first = other.seed % len(others)
            sweep = [*others, *others][first : first + SWEEP]
            held[FIXED].append(one.errors.mean() > 1.02 * other.errors.mean())
            held[IMAGES].append(is_held(one, other, SeedSpread(share=0)))
            held[DEFAULT].append(is_held(one, other, DEFAULT_SPREAD))
            held[SWEPT].append(is_held(one, other, spread_of(sweep)))
        shares = {name: f"{np.mean(values):.0%}" for name, values in held.items()}
        yield {"worse by": f"{mean:.1%}" if share < 1 else "twins", "tries": len(tries), **shares}


def main(
    output: Annotated[Path, typer.Option(help="Errors of each image; what is there is not done again.")] = Path(
        "twins"
    ),
    cases: Annotated[str, typer.Option(help="Which, with semicolons.")] = ";".join(CASES),
) -> None:
    """Train what the folder lacks, and print the table."""
    output.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in cases.split(";"):
        measure(output, name)
        models = [Model.read(path) for path in output.glob(f"{file_name(name)}-[01]*.npz")]
        spread = spread_of([model for model in models if model.share == 1])
        rows += [{"model": name, "seeds differ by": f"{spread.share:.1%}", **row} for row in rows_of(models)]
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([str(row[head]) for head in heads] for row in rows)]
    print("\n".join(f"| {' | '.join(line)} |" for line in lines))


if __name__ == "__main__":
    typer.run(main)
