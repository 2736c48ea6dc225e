"""The table of results: what releases came to, one line a recipe and setting, with the spread over seeds.

Lines are in the order of the recipes, never of their errors: codes of different sizes are not comparable.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import printable
from aepipe.publishing.manifest import RESULT_FIGURES, Manifest
from aepipe.publishing.notation import ABSENT, decimals, duration
from aepipe.recipes import RECIPES

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
    "ratio to PCA",
    "seeds",
    "training",
    "hardware",
    "commit",
)
DENOISING = ("recipe", "setting", "data", "denoised MSE", "best linear map", "ratio to it", "noisy input", "seeds")
PLACES = 5
# What a line can't do without; releases of the first versions have less.
NEEDED = (
    *("setting", "data", "code_size", "compression_ratio", "seed", "training_seconds"),
    *("mse_per_pixel", "pca_mse_per_pixel", "psnr_db", "ssim"),
)
NEEDED_OF_DENOISERS = ("denoised_mse_per_pixel", "linear_mse_per_pixel", "noisy_mse_per_pixel")
# What one training came to, as a manifest's recipe names it.
MEASURED = (*RESULT_FIGURES, "training_seconds")


class ResultLine(BaseModel):
    """What the trainings of one recipe, alike but for their seed, came to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str = Field(description="The recipe's name.")
    setting: str = Field(description="Which of its settings, with what the runs changed about it.")
    data: str = Field(description="Data set and split.")
    code_size: int = Field(description="Number of values in the code.")
    compression_ratio: float = Field(description="Values of an image for each value of its code.")
    seeds: tuple[int, ...] = Field(description="The seeds, each once.")
    mean: dict[str, float] = Field(description="Mean over the seeds of each figure that was measured.")
    spread: dict[str, float] = Field(description="Sample standard deviation of it; none for a single seed.")
    hardware: str = Field(description="What it was trained on.")
    commit: str | None = Field(description="The code's git commit.")


def result_lines(manifests: Iterable[Manifest]) -> list[ResultLine]:
    """Return a line for each recipe, setting, data and code size: that of the newest commit that trained it.

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
            key = (recipe, _setting(manifest, recipe, facts), facts["data"], facts["code_size"])
            if commits.setdefault(key, manifest.git_commit) == manifest.git_commit:
                measured = {**facts, "hardware": ", ".join(manifest.hardware)}
                trainings.setdefault(key, {}).setdefault(facts["seed"], measured)
    order = {name: number for number, name in enumerate(RECIPES)}
    keys = sorted(trainings, key=lambda key: (order.get(key[0], len(order)), key))
    return [_line(key, trainings[key], commits[key]) for key in keys]


def as_markdown(lines: Sequence[ResultLine]) -> str:
    """Return the lines as Markdown: a table of reconstruction, and one of denoising where there are denoisers."""
    tables = [_markdown(RECONSTRUCTION, [_reconstruction_cells(line) for line in lines])]
    denoisers = [line for line in lines if line.mean.keys() >= set(NEEDED_OF_DENOISERS)]
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


def _line(key: tuple, by_seed: Mapping[int, Mapping[str, Any]], commit: str | None) -> ResultLine:
    recipe, setting, data, code_size = key
    first = next(iter(by_seed.values()))
    values = {name: [facts[name] for facts in by_seed.values()] for name in MEASURED if first.get(name) is not None}
    return ResultLine(
        recipe=recipe,
        setting=setting,
        data=data,
        code_size=code_size,
        compression_ratio=first["compression_ratio"],
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
        decimals(mean["psnr_db"], 1),
        decimals(mean["ssim"], 3),
        _number(mean["pca_mse_per_pixel"]),
        _ratio(mean["mse_per_pixel"], mean["pca_mse_per_pixel"]),
        str(len(line.seeds)),
        duration(mean["training_seconds"]),
        line.hardware,
        line.commit[:12] if line.commit else ABSENT,
    ]


def _denoising_cells(line: ResultLine) -> list[str]:
    mean = line.mean
    return [
        line.recipe,
        line.setting,
        line.data,
        _with_spread(line, "denoised_mse_per_pixel"),
        _number(mean["linear_mse_per_pixel"]),
        _ratio(mean["denoised_mse_per_pixel"], mean["linear_mse_per_pixel"]),
        _number(mean["noisy_mse_per_pixel"]),
        str(len(line.seeds)),
    ]


def _with_spread(line: ResultLine, name: str) -> str:
    if name not in line.spread:
        return _number(line.mean[name])
    # A spread that would be printed as zero is none to believe.
    places = PLACES if line.spread[name] >= 0.5 * 10**-PLACES else PLACES + 1
    return f"{decimals(line.mean[name], places)} ± {decimals(line.spread[name], places)}"


def _ratio(error: float, reference: float) -> str:
    return decimals(error / reference, 2) if reference else ABSENT


def _number(value: float) -> str:
    return decimals(value, PLACES)


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(printable, cells))} |\n" for cells in lines)
