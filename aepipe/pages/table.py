"""The table of results: what releases came to, one line a recipe and setting, with the spread over seeds.

Trainings share a line where they share the images and the held-out rows, by their digests: two folders may have one
name. Lines are in the order of the recipes, never of their errors: codes of different sizes are not comparable.
"""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from aepipe.choices import flat
from aepipe.errors import printable
from aepipe.evaluation.catalogue import DENOISED_MSE, LINEAR_MSE, MSE, Metric, Metrics, Place, measured_at
from aepipe.evaluation.strongest import find_strongest
from aepipe.notation import ABSENT, decimals, duration
from aepipe.pages.numbers import PLACES, write_alone
from aepipe.recipes import RECIPES
from aepipe.releases.facts import RecipeSummary, ReleaseSummary, RunParameters

# Name of data and split, digest of the images, digest of the held-out rows.
DataKey = tuple[str, str | None, str | None]
# What trainings of one line share: recipe, setting, data and split, code size.
Key = tuple[str, str, str, str | None, str | None, int]


@dataclass(frozen=True)
class Training:
    """What one training came to: its figures by their names, as its release's manifest has them."""

    seed: int
    code_size: int
    compression_ratio: float | None
    hardware: str
    figures: Metrics


class ResultLine(BaseModel):
    """What the trainings of one recipe, alike but for their seed, came to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str = Field(description="The recipe's name.")
    setting: str = Field(description="Which of its settings, with what the runs changed about it.")
    data: str = Field(description="Data set and split, with the start of a digest where several have one name.")
    code_size: int = Field(description="Number of values in the code.")
    compression_ratio: float | None = Field(description="Values of an image for each value of its code.")
    seeds: tuple[int, ...] = Field(description="The seeds, each once.")
    mean: dict[str, float] = Field(description="Mean over the seeds of each figure that was measured.")
    spread: dict[str, float] = Field(description="Sample standard deviation of it; none for a single seed.")
    hardware: str = Field(description="What it was trained on.")
    commit: str | None = Field(description="The code's git commit.")


# The head of a column, and its cell on a line.
Column = tuple[str, Callable[[ResultLine], str]]


def result_lines(manifests: Iterable[ReleaseSummary]) -> list[ResultLine]:
    """Return a line for each recipe, setting, data, held-out rows and code size: that of the newest commit.

    Args:
        manifests: Releases, the latest first.
    """
    trainings: dict[Key, dict[int, Training]] = {}
    commits: dict[Key, str | None] = {}
    for manifest in manifests:
        for name, summary in manifest.recipes.items():
            recipe = summary.recipe or name
            # A model of another run is that run's line; one that failed has no figures.
            if manifest.release != manifest.candidate or summary.origin != manifest.release:
                continue
            training = _training(manifest, summary)
            if training is None:
                continue
            key = (recipe, describe_setting(manifest, recipe, summary), *data_key(summary), training.code_size)
            if commits.setdefault(key, manifest.git_commit) == manifest.git_commit:
                trainings.setdefault(key, {}).setdefault(training.seed, training)
    order = {name: number for number, name in enumerate(RECIPES)}
    keys = sorted(trainings, key=lambda key: (order.get(key[0], len(order)), list(map(str, key))))
    names = tell_apart(key[2:5] for key in keys)
    return [_line(key, names[key[2:5]], trainings[key], commits[key]) for key in keys]


def _training(manifest: ReleaseSummary, summary: RecipeSummary) -> Training | None:
    """Return what one training came to; None where a manifest lacks what a line can't do without."""
    figures = {**summary.metrics, "training_seconds": summary.training_seconds}
    if summary.setting is None or summary.data is None or figures.get(MSE) is None:
        return None
    if summary.code_size is None or summary.seed is None:
        return None
    hardware = ", ".join(manifest.hardware)
    return Training(summary.seed, summary.code_size, summary.compression_ratio, hardware, figures)


def data_key(summary: RecipeSummary) -> DataKey:
    """Return what two trainings must share to be comparable: the name of data and split, and what tells them apart.

    Releases of before there were digests have the name alone.
    """
    return str(summary.data), summary.images_sha256, summary.test_rows_sha256


def tell_apart(keys: Iterable[DataKey]) -> dict[DataKey, str]:
    """Return a name for each data and split: where several share one, with the start of a digest."""
    by_name: dict[str, list[DataKey]] = {}
    for key in dict.fromkeys(keys):
        by_name.setdefault(key[0], []).append(key)
    names = {}
    for name, sharing in by_name.items():
        images = Counter(key[1] for key in sharing)
        for key in sharing:
            parts = [] if len(images) == 1 else [f"images {_short(key[1])}"]
            if images[key[1]] > 1:
                parts.append(f"held out {_short(key[2])}")
            names[key] = f"{name} ({', '.join(parts)})" if parts else name
    return names


def _short(digest: str | None) -> str:
    return digest[:6] if digest else "not known"


def as_markdown(lines: Sequence[ResultLine]) -> str:
    """Return the lines as Markdown: a table of reconstruction, and one of denoising where there are denoisers."""
    tables = [_markdown(_reconstruction(lines), lines)]
    denoisers = [line for line in lines if DENOISED_MSE in line.mean]
    if denoisers:
        tables.append(_markdown(_denoising(denoisers), denoisers))
    return "\n".join(tables)


def describe_setting(manifest: ReleaseSummary, recipe: str, summary: RecipeSummary) -> str:
    """Return what was trained: the setting's name, the preset where it is not the full one, and every change."""
    parameters = RunParameters.model_validate(manifest.parameters)
    groups = (parameters.overrides, parameters.recipe_overrides.get(recipe, {}))
    changes = {name: value for group in groups for name, value in flat(group) if value is not None and name != "seed"}
    changed = [f"{name} {_written(value)}" for name, value in sorted(changes.items())]
    preset = parameters.preset
    return ", ".join([str(summary.setting), *([] if preset == "full" else [preset]), *changed])


def _written(value: JsonValue) -> str:
    return "-".join(map(str, value)) if isinstance(value, list) else str(value)


def _line(key: Key, data: str, by_seed: Mapping[int, Training], commit: str | None) -> ResultLine:
    recipe, setting, *_, code_size = key
    first = next(iter(by_seed.values()))
    columns = {name: [training.figures.get(name) for training in by_seed.values()] for name in first.figures}
    # What one of them has not, an older release, is no mean of all.
    known = {name: [value for value in values if value is not None] for name, values in columns.items()}
    measured = {name: values for name, values in known.items() if len(values) == len(by_seed)}
    return ResultLine(
        recipe=recipe,
        setting=setting,
        data=data,
        code_size=code_size,
        compression_ratio=first.compression_ratio,
        seeds=tuple(sorted(by_seed)),
        mean={name: statistics.fmean(values) for name, values in measured.items()},
        spread={name: statistics.stdev(values) for name, values in measured.items() if len(values) > 1},
        hardware=first.hardware,
        commit=commit,
    )


def _columns(place: Place, lines: Sequence[ResultLine]) -> dict[str, Column]:
    """Return the columns of the metrics of a table, by their names: those that a line has."""
    metrics = measured_at(place, [line.mean for line in lines])
    return {metric.name: (metric.heading(place), partial(_metric_cell, metric)) for metric in metrics}


def _metric_cell(metric: Metric, line: ResultLine) -> str:
    if metric.is_judged:
        return _with_spread(line, metric.name)
    return write_alone(metric, line.mean.get(metric.name))


def _strongest_cell(line: ResultLine) -> str:
    strongest = find_strongest(line.mean)
    return ABSENT if strongest is None else f"{decimals(strongest.mse_per_pixel, PLACES)} {strongest.label}"


def _ratio_to_strongest(line: ResultLine) -> str:
    strongest = find_strongest(line.mean)
    return ABSENT if strongest is None else _ratio(MSE, strongest.name, line)


def _ratio(name: str, reference: str, line: ResultLine) -> str:
    error, of = line.mean.get(name), line.mean.get(reference)
    return decimals(error / of if error is not None and of else None, 2)


def _with_spread(line: ResultLine, name: str) -> str:
    if name not in line.spread:
        return decimals(line.mean.get(name), PLACES)
    # A spread that would be printed as zero is none to believe.
    places = PLACES if line.spread[name] >= 0.5 * 10**-PLACES else PLACES + 1
    return f"{decimals(line.mean[name], places)} ± {decimals(line.spread[name], places)}"


WHO: list[Column] = [
    ("recipe", lambda line: line.recipe),
    ("setting", lambda line: line.setting),
    ("data", lambda line: line.data),
]
SEEDS: Column = ("seeds", lambda line: str(len(line.seeds)))
DIVIDED = (DENOISED_MSE, LINEAR_MSE)


def _reconstruction(lines: Sequence[ResultLine]) -> list[Column]:
    return [
        *WHO,
        ("code", lambda line: str(line.code_size)),
        ("compression", lambda line: decimals(line.compression_ratio, 1)),
        *_columns("table", lines).values(),
        ("strongest baseline", _strongest_cell),
        ("ratio to it", _ratio_to_strongest),
        SEEDS,
        ("training", lambda line: duration(line.mean.get("training_seconds"))),
        ("hardware", lambda line: line.hardware),
        ("commit", lambda line: line.commit[:12] if line.commit else ABSENT),
    ]


def _denoising(lines: Sequence[ResultLine]) -> list[Column]:
    columns = _columns("denoising", lines)
    return [
        *WHO,
        *(columns[name] for name in DIVIDED),
        ("ratio to it", partial(_ratio, *DIVIDED)),
        *(column for name, column in columns.items() if name not in DIVIDED),
        SEEDS,
    ]


def _markdown(columns: Sequence[Column], lines: Sequence[ResultLine]) -> str:
    cells = [[heading for heading, _ in columns], ["---"] * len(columns)]
    cells += [[cell(line) for _, cell in columns] for line in lines]
    return "".join(f"| {' | '.join(map(printable, row))} |\n" for row in cells)
