"""The table of results: what releases came to, one line a recipe and setting, with the spread over seeds.

Trainings share a line where they share the images and the held-out rows, by their digests: two folders may have one
name. Lines are in the order of the recipes, never of their errors: codes of different sizes are not comparable.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import printable
from aepipe.evaluation.strongest import find_strongest
from aepipe.notation import ABSENT, decimals, duration
from aepipe.recipes import RECIPES
from aepipe.releases.manifest import RESULT_FIGURES, Manifest

RECONSTRUCTION = (
    "recipe",
    "setting",
    "data",
    "code",
    "compression",
    "MSE",
    "PSNR (dB)",
    "SSIM",
    "PCA, same code",
    "strongest baseline",
    "ratio to it",
    "seeds",
    "training",
    "hardware",
    "commit",
)
DENOISING = ("recipe", "setting", "data", "denoised MSE", "best linear map", "ratio to it", "noisy input", "seeds")
PLACES = 5
# What a line can't do without; what else an older release lacks is a dash.
NEEDED = ("setting", "data", "code_size", "seed", "mse_per_pixel")
# What one training came to, as a manifest's recipe names it.
MEASURED = (*RESULT_FIGURES, "training_seconds")
# Name of data and split, digest of the images, digest of the held-out rows.
DataKey = tuple[str, str | None, str | None]


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


def result_lines(manifests: Iterable[Manifest]) -> list[ResultLine]:
    """Return a line for each recipe, setting, data, held-out rows and code size: that of the newest commit.

    Args:
        manifests: Releases, the latest first.
    """
    trainings: dict[tuple, dict[int, Mapping[str, Any]]] = {}
    commits: dict[tuple, str | None] = {}
    for manifest in manifests:
        for recipe, facts in manifest.recipes.items():
            # A recipe of another run is that run's line; one that failed has no figures.
            if manifest.release != manifest.candidate or facts.get("origin") != manifest.release:
                continue
            if any(facts.get(name) is None for name in NEEDED):
                continue
            key = (recipe, _setting(manifest, recipe, facts), *data_key(facts), facts["code_size"])
            if commits.setdefault(key, manifest.git_commit) == manifest.git_commit:
                measured = {**facts, "hardware": ", ".join(manifest.hardware)}
                trainings.setdefault(key, {}).setdefault(facts["seed"], measured)
    order = {name: number for number, name in enumerate(RECIPES)}
    keys = sorted(trainings, key=lambda key: (order.get(key[0], len(order)), list(map(str, key))))
    names = tell_apart(key[2:5] for key in keys)
    return [_line(key, names[key[2:5]], trainings[key], commits[key]) for key in keys]


def data_key(facts: Mapping[str, Any]) -> DataKey:
    """Return what two trainings must share to be comparable: the name of data and split, and what tells them apart.

    Releases of before there were digests have the name alone.
    """
    return facts["data"], facts.get("images_sha256"), facts.get("test_rows_sha256")


def tell_apart(keys: Iterable[DataKey]) -> dict[DataKey, str]:
    """Return a name for each data and split: where several share one, with the start of a digest."""
    by_name: dict[str, list[DataKey]] = {}
    for key in dict.fromkeys(keys):
        by_name.setdefault(key[0], []).append(key)
    names = {}
    for name, sharing in by_name.items():
        images = {key[1] for key in sharing}
        for key in sharing:
            parts = [] if len(images) == 1 else [f"images {_short(key[1])}"]
            if sum(other[1] == key[1] for other in sharing) > 1:
                parts.append(f"held out {_short(key[2])}")
            names[key] = f"{name} ({', '.join(parts)})" if parts else name
    return names


def _short(digest: str | None) -> str:
    return digest[:6] if digest else "not known"


def as_markdown(lines: Sequence[ResultLine]) -> str:
    """Return the lines as Markdown: a table of reconstruction, and one of denoising where there are denoisers."""
    tables = [_markdown(RECONSTRUCTION, [_reconstruction_cells(line) for line in lines])]
    denoisers = [line for line in lines if "denoised_mse_per_pixel" in line.mean]
    if denoisers:
        tables.append(_markdown(DENOISING, [_denoising_cells(line) for line in denoisers]))
    return "\n".join(tables)


def _setting(manifest: Manifest, recipe: str, facts: Mapping[str, Any]) -> str:
    """Return what was trained: the setting's name, the preset where it is not the full one, and every change."""
    parameters = manifest.parameters
    changes = {**parameters.get("overrides", {}), **parameters.get("recipe_overrides", {}).get(recipe, {})}
    changed = [f"{name} {value}" for name, value in sorted(changes.items()) if value is not None and name != "seed"]
    preset = parameters.get("preset", "full")
    return ", ".join([facts["setting"], *([] if preset == "full" else [preset]), *changed])


def _line(key: tuple, data: str, by_seed: Mapping[int, Mapping[str, Any]], commit: str | None) -> ResultLine:
    recipe, setting, *_, code_size = key
    first = next(iter(by_seed.values()))
    # What one of them has not, an older release, is no mean of all.
    measured = [name for name in MEASURED if all(facts.get(name) is not None for facts in by_seed.values())]
    values = {name: [facts[name] for facts in by_seed.values()] for name in measured}
    return ResultLine(
        recipe=recipe,
        setting=setting,
        data=data,
        code_size=code_size,
        compression_ratio=first.get("compression_ratio"),
        seeds=tuple(sorted(by_seed)),
        mean={name: statistics.fmean(numbers) for name, numbers in values.items()},
        spread={name: statistics.stdev(numbers) for name, numbers in values.items() if len(numbers) > 1},
        hardware=first["hardware"],
        commit=commit,
    )


def _reconstruction_cells(line: ResultLine) -> list[str]:
    mean = line.mean
    return [
        line.recipe,
        line.setting,
        line.data,
        str(line.code_size),
        decimals(line.compression_ratio, 1),
        _with_spread(line, "mse_per_pixel"),
        decimals(mean.get("psnr_db"), 1),
        decimals(mean.get("ssim"), 3),
        decimals(mean.get("pca_mse_per_pixel"), PLACES),
        *_strongest_cells(line),
        str(len(line.seeds)),
        duration(mean.get("training_seconds")),
        line.hardware,
        line.commit[:12] if line.commit else ABSENT,
    ]


def _denoising_cells(line: ResultLine) -> list[str]:
    return [
        line.recipe,
        line.setting,
        line.data,
        _with_spread(line, "denoised_mse_per_pixel"),
        decimals(line.mean.get("linear_mse_per_pixel"), PLACES),
        _ratio(line, "denoised_mse_per_pixel", "linear_mse_per_pixel"),
        decimals(line.mean.get("noisy_mse_per_pixel"), PLACES),
        str(len(line.seeds)),
    ]


def _strongest_cells(line: ResultLine) -> list[str]:
    strongest = find_strongest(line.mean)
    if strongest is None:
        return [ABSENT, ABSENT]
    said = f"{decimals(strongest.mse_per_pixel, PLACES)} {strongest.label}"
    return [said, _ratio(line, "mse_per_pixel", strongest.name)]


def _ratio(line: ResultLine, name: str, reference: str) -> str:
    error, of = line.mean.get(name), line.mean.get(reference)
    return decimals(error / of if error is not None and of else None, 2)


def _with_spread(line: ResultLine, name: str) -> str:
    if name not in line.spread:
        return decimals(line.mean.get(name), PLACES)
    # A spread that would be printed as zero is none to believe.
    places = PLACES if line.spread[name] >= 0.5 * 10**-PLACES else PLACES + 1
    return f"{decimals(line.mean[name], places)} ± {decimals(line.spread[name], places)}"


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(printable, cells))} |\n" for cells in lines)
