"""Twins at the gate: how often it holds a model that differs by its seed alone, and one that is worse: make bench-gate.

Each recipe is trained for a short while with several seeds. Every pair of two seeds is a try, the one as the channel's
model, the other as the new one, as it is and with larger errors. Errors of each image are kept in a file, so a run that
was stopped goes on where it was.
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
from aepipe.gate.seeds import DEFAULT_SPREAD, TUNED_SPREAD
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
# By how much the new model of a try is made worse than its seed made it.
TWINS, WORSE = 12, (0.0, 0.03, 0.05, 0.1)
SWEEP = 8
# Fewer draws than the gate's: thousands of comparisons.
SETTINGS = PublishSettings(resamples=500)
# Whom a rule holds: what was tolerated without asking chance, and what chance is taken to be.
FIXED, IMAGES = "2% at once", "images alone"
TUNED, DEFAULT = (f"seeds by {spread.share:.1%}" for spread in (TUNED_SPREAD, DEFAULT_SPREAD))
SWEPT = f"a sweep of {SWEEP}"
RULES = (FIXED, IMAGES, TUNED, DEFAULT, SWEPT)


def train(store: Store, case: Case, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the error of each held-out image, and who is on it; of images of nobody each is its own."""
    request = TrainingRequest(
        recipe=case.recipe,
        overrides=Overrides(seed=seed, max_steps=case.max_steps),
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
    with tempfile.TemporaryDirectory(prefix="aepipe-twins-") as stages:
        store = open_store(stages)
        for seed in range(TWINS):
            path = folder / f"{file_name(name)}-{seed}.npz"
            if not path.exists():
                errors, groups = train(store, CASES[name], seed)
                np.savez(path, errors=errors, groups=groups)
                print(f"{name}: seed {seed}: {errors.mean():.6f}", flush=True)


@dataclass(frozen=True, eq=False)
class Model:
    """Errors of one training on each image, and who is on it."""

    errors: np.ndarray
    groups: np.ndarray

    @classmethod
    def read(cls, path: Path) -> "Model":
        with np.load(path) as stored:
            return cls(stored["errors"], stored["groups"])

    def made_worse(self, share: float) -> "Model":
        return Model(self.errors * (1 + share), self.groups)


def is_held(new: Model, old: Model, spread: SeedSpread) -> bool:
    """Tell whether the gate holds one model back where the channel has the other."""
    groups = None if len(np.unique(new.groups)) == len(new.groups) else new.groups
    found = compare(new.errors, old.errors, Terms(SETTINGS, spread, groups))
    measured = Measured("old", float(old.errors.mean()), comparison=found)
    return not incumbent_rule(float(new.errors.mean()), measured, SETTINGS, demanded=True).passed


def spread_of(models: Sequence[Model]) -> SeedSpread:
    means = np.array([model.errors.mean() for model in models])
    return SeedSpread(share=means.std(ddof=1) / means.mean(), num_seeds=len(means))


def rows_of(twins: Sequence[Model]) -> Iterator[dict[str, object]]:
    """Yield how often each rule holds twins as they are, and made worse."""
    generator = np.random.default_rng(0)
    for share in WORSE:
        held: dict[str, list[bool]] = {name: [] for name in RULES}
        for one, other in itertools.permutations(range(len(twins)), 2):
            new, old = twins[one].made_worse(share), twins[other]
            # A sweep of seeds that neither of the two has.
            others = np.setdiff1d(range(len(twins)), (one, other))
            sweep = [twins[number] for number in generator.choice(others, SWEEP, replace=False)]
            held[FIXED].append(new.errors.mean() > 1.02 * old.errors.mean())
            held[IMAGES].append(is_held(new, old, SeedSpread(share=0)))
            held[TUNED].append(is_held(new, old, TUNED_SPREAD))
            held[DEFAULT].append(is_held(new, old, DEFAULT_SPREAD))
            held[SWEPT].append(is_held(new, old, spread_of(sweep)))
        shares = {name: f"{np.mean(values):.0%}" for name, values in held.items()}
        yield {"worse by": f"{share:.0%}" if share else "twins", "tries": len(held[FIXED]), **shares}


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
        twins = [Model.read(path) for path in sorted(output.glob(f"{file_name(name)}-[0-9]*.npz"))]
        rows += [{"model": name, "seeds differ by": f"{spread_of(twins).share:.1%}", **row} for row in rows_of(twins)]
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([str(row[head]) for head in heads] for row in rows)]
    print("\n".join(f"| {' | '.join(line)} |" for line in lines))


if __name__ == "__main__":
    typer.run(main)
