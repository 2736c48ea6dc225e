"""Stage `sweep`: one table of what several trainings of a recipe came to."""

import csv
import io
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import GenericAlias
from typing import Any

from pydantic import Field
from pydantic.fields import FieldInfo

from aepipe.cells import as_cells
from aepipe.choices import Choices, choices_like, flat, nested, value_type
from aepipe.errors import ParameterError
from aepipe.evaluation.catalogue import metrics_at
from aepipe.evaluation.seeds import SeedSpread
from aepipe.gate.seeds import measure_seed_spreads
from aepipe.recipes.overrides import Overrides
from aepipe.recipes.plan import TrainingPlan
from aepipe.stages.facts import SweepFacts
from aepipe.stages.fingerprint import fingerprint
from aepipe.stages.outcome import Failed, Outcome
from aepipe.stages.request import TrainingRequest, with_needed_noise
from aepipe.stages.results import SweepResult, produce_stage
from aepipe.store.interface import Store

MAX_TRAININGS = 1000
FIGURES = tuple(metric.name for metric in metrics_at("sweep"))


def _list_of(name: str, field: FieldInfo) -> tuple[Any, Any] | None:
    """Return a list of an override's values, each within the override's own bounds."""
    if name == "seed":
        return None
    values = Field(None, title=field.title, description=f"Values to try. {field.description}", min_length=1)
    return GenericAlias(list, (value_type([field]),)) | None, values


@choices_like(Overrides, _list_of)
class SweepValues(Choices):
    """Values to try of what a run can override; seeds are a parameter of their own."""

    def combinations(self) -> Iterator[Overrides]:
        """Yield every combination of the values, the last name's changing fastest."""
        lists = self.by_dotted_name()
        for chosen in itertools.product(*lists.values()):
            yield Overrides(**nested(dict(zip(lists, chosen, strict=True))))


def plan_sweep(
    recipe: str | None, seeds: Sequence[int], values: SweepValues, overrides: Overrides, **shared: Any
) -> list[TrainingRequest]:
    """Return a request for each combination of values with each seed.

    Args:
        recipe: What to train; None where `recipe_file` of the requests' other fields says it.
        seeds: Each once.
        values: Lists of values; a list goes before the same name in overrides.
        overrides: What is changed about every training.
        **shared: The requests' other fields.

    Raises:
        ParameterError: a training would be the same as another, or there are too many.
    """
    requests = [
        TrainingRequest(
            recipe=recipe,
            overrides=overrides.replaced_by(combination).replaced_by(Overrides(seed=seed)),
            # Nothing of a sweep is published.
            exports=(),
            **shared,
        )
        for combination in values.combinations()
        for seed in seeds
    ]
    if len(set(requests)) < len(requests):
        raise ParameterError("Each training of a sweep is another one.", "Name each seed and each value once.")
    if len(requests) > MAX_TRAININGS:
        way_out = "Name fewer seeds or values, or divide the sweep."
        raise ParameterError(f"A sweep has at most {MAX_TRAININGS} trainings.", way_out, trainings=len(requests))
    return with_needed_noise(requests)


def tabulate(store: Store, outcomes: Sequence[Outcome]) -> SweepResult:
    """Put a table of trainings into the store: what was chosen, the seed, held-out errors, seconds.

    Its facts are the number of trainings, the best and the worst error in a few words, and how much seeds change it.
    """
    rows = [_row(outcome) for outcome in outcomes]
    inputs = {str(number): _identity(outcome) for number, outcome in enumerate(outcomes)}
    name = fingerprint("sweep", Overrides(), inputs, ["aepipe.experiments.sweep"], [])

    def work(folder: Path) -> SweepFacts:
        text = io.StringIO()
        columns = list(dict.fromkeys(column for row in rows for column in row))
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(as_cells, rows))
        (folder / "results.csv").write_text(text.getvalue())
        spreads = measure_seed_spreads(outcomes)
        return SweepFacts(num_trainings=len(rows), best=_best(rows) + _in_words(spreads.values()), seed_spreads=spreads)

    return produce_stage(store, "sweep", name, SweepResult, work)


def _identity(outcome: Outcome) -> str:
    return outcome.error if isinstance(outcome, Failed) else outcome.results["evaluated"].digest


def _row(outcome: Outcome) -> dict[str, Any]:
    row: dict[str, Any] = {"recipe": outcome.recipe, "setting": outcome.setting}
    if isinstance(outcome, Failed):
        return {**row, "error": outcome.error}
    trained = outcome.trained
    return {
        **row,
        **_settings(outcome.plan),
        **{name: outcome.measured.metrics.get(name) for name in FIGURES},
        "collapsed": outcome.measured.collapsed,
        **{"training_seconds": trained.facts.training_seconds, "training": trained.fingerprint},
        "error": "",
    }


def _settings(plan: TrainingPlan) -> dict[str, Any]:
    """Return what was trained, by the names that a run sets it by."""
    model = plan.model.model_dump(mode="json")
    code_size = {"code_size": model.pop("code_size")}
    return code_size | dict(flat({**plan.training.model_dump(mode="json"), "model": model}))


def _best(rows: Sequence[Mapping[str, Any]]) -> str:
    measured = [row for row in rows if "mse_per_pixel" in row]
    if not measured:
        return "none succeeded"
    best = min(measured, key=lambda row: row["mse_per_pixel"])
    worst = max(measured, key=lambda row: row["mse_per_pixel"])
    lowest, highest = best["mse_per_pixel"], worst["mse_per_pixel"]
    collapsed = sum(row["collapsed"] for row in measured)
    return (
        f"best MSE {lowest:.5f} with seed {best['seed']}, worst {highest:.5f}, "
        f"{highest / worst['mean_image_mse_per_pixel']:.0%} of the mean image's; "
        f"the code of {collapsed or 'none'} collapsed"
    )


def _in_words(spreads: Collection[SeedSpread]) -> str:
    """Return how much seeds change the error, for what was trained with enough of them."""
    shares = sorted(spread.share for spread in spreads)
    if not shares:
        return ""
    most = f" to {shares[-1]:.1%}" if len(shares) > 1 else ""
    return f"; seeds change the error by {shares[0]:.1%}{most}"
