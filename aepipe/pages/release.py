"""The files of a release that are written for it: tables, cards, report."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from aepipe.cells import as_cell, from_cell
from aepipe.checks.facts import Checked
from aepipe.errors import ObjectNotFoundError
from aepipe.gate.verdicts import Verdict
from aepipe.pages.before import compare_with
from aepipe.pages.card import render_card
from aepipe.pages.report import Figure, NoisySet, Report, render_report
from aepipe.recipes.file import find_recipe
from aepipe.recipes.published import PublishedModel, published_models
from aepipe.releases.manifest import Manifest
from aepipe.stages.outcome import Done, Outcome
from aepipe.store.interface import Store

# In the order of the report; a recipe has those of them that make sense for it.
CAPTIONS = {
    "reconstructions": "Held-out images, what model and strongest baseline make of them, and the differences",
    "extremes": "The held-out images that come out best, and worst",
    "close_ups": "The parts with the most detail, large enough to see every pixel",
    "denoising": "Noisy input, what the model makes of it, the difference, the clean image",
    "samples": "New images under held-out ones: codes from the mixture, from the prior, and of the baseline",
    "latent_grid": "Images decoded along the two most telling directions of the code",
    "interpolations": "Images decoded on the way from the code of one image to that of another",
    "loss_curves": "Loss by epoch; the kept epoch is marked",
    "error_histogram": "Error of each held-out image, beside the strongest baseline's",
    "mse_by_class": "Held-out error by class",
    "error_by_noise": "Error on the noisy test set against doing nothing and the best linear map",
    "code_map": "Codes of held-out images in two dimensions: neighbours (t-SNE) and distances (PCA)",
    "detection": "Scores of normal and anomalous held-out images, and how many each threshold finds, beside PCA",
    "code_usage": "How much each value of the code varies; one that never does is dead",
}


# Of each model, in one long form.
METRIC_FILES = ("/metrics.csv", "/detection.csv")
# Those of the channel's model are shown, too: what a model makes of images, not how it came to be.
COMPARED = ("reconstructions", "extremes", "close_ups", "denoising", "samples", "error_by_noise", "detection")


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """What the pages say about the run as a whole."""

    release: str
    created: str
    git_commit: str | None
    packages: Mapping[str, str]
    hardware: Sequence[str]
    seconds: float


def write_pages(
    folder: Path,
    files: Mapping[str, Path],
    outcomes: Sequence[Outcome],
    verdicts: Sequence[Verdict],
    parameters: Mapping[str, Any],
    facts: RunFacts,
    store: Store,
    production: Manifest | None = None,
    checked: Sequence[Checked] = (),
) -> None:
    """Write metrics.csv, metrics.json, report.html and each model's card.md into a folder.

    Args:
        folder: Where the files go, under their paths in the release.
        files: Path in the release to local file, of everything that the stages made.
        outcomes: Every recipe of the run.
        verdicts: The decision about each, in the same order.
        parameters: The run's parameters.
        facts: The run as a whole.
        store: Where the release lies, and production's figures.
        production: What the channel holds, whose figures stand beside this run's.
        checked: The user's own data sets, with what their checks came to.
    """
    tables = [_read_metrics(source) for path, source in files.items() if path.endswith(METRIC_FILES)]
    metrics = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    metrics.to_json(folder / "metrics.json", orient="records", indent=1)
    metrics.map(lambda value: as_cell(value) if isinstance(value, str) else value).to_csv(
        folder / "metrics.csv", index=False
    )
    for outcome in outcomes:
        # A card says how to load the model, and an unsound model is not in the release.
        if isinstance(outcome, Done) and f"models/{outcome.model}/model.keras" in files:
            card = folder / "models" / outcome.model / "card.md"
            card.parent.mkdir(parents=True)
            card.write_text(
                render_card(find_recipe(outcome.recipe, outcome.recipe_file), outcome, facts.release), encoding="utf-8"
            )
    report = Report(
        release_id=facts.release,
        store_url=store.url,
        created=facts.created,
        setting=str(parameters.get("setting")),
        preset=str(parameters.get("preset")),
        parameters=parameters,
        git_commit=facts.git_commit,
        packages=facts.packages,
        hardware=", ".join(facts.hardware),
        seconds=facts.seconds,
        outcomes=outcomes,
        verdicts=verdicts,
        figures={outcome.model: list(_figures(outcome, files, store, production)) for outcome in outcomes},
        noisy_sets=list(_noisy_sets(outcomes, files)),
        checked=checked,
        before=[] if production is None else list(compare_with(production, outcomes)),
    )
    (folder / "report.html").write_text(render_report(report), encoding="utf-8")


def _read_metrics(path: Path) -> pd.DataFrame:
    # A class may be called NA or 007.
    numbers = {"low": "", "high": ""}
    table = pd.read_csv(path, dtype={"class_name": str}, keep_default_na=False, na_values=numbers)
    return table.assign(class_name=table.class_name.map(from_cell))


def _figures(
    outcome: Outcome, files: Mapping[str, Path], store: Store, production: Manifest | None
) -> Iterator[Figure]:
    """Yield a model's figures, each that tells how good it is with that of the channel's model on the same data."""
    incumbent = None if production is None else published_models(production).get(outcome.model)
    comparable = incumbent if incumbent is not None and _is_of_same_data(outcome, incumbent) else None
    for name, caption in CAPTIONS.items():
        path = f"models/{outcome.model}/figures/{name}.png"
        if path in files:
            compared = _published(store, comparable, name, caption) if comparable and name in COMPARED else None
            yield Figure(caption, files[path].read_bytes(), compared)


def _is_of_same_data(outcome: Outcome, incumbent: PublishedModel) -> bool:
    return isinstance(outcome, Done) and incumbent.summary.data == outcome.split.facts.name


def _published(store: Store, incumbent: PublishedModel, name: str, caption: str) -> Figure | None:
    """Return the figure of the model that the channel has; none where it has none, or is damaged."""
    path, release = incumbent.path(f"figures/{name}.png"), incumbent.manifest.release
    if all(file.path != path for file in incumbent.files):
        return None
    # A damaged release is for `aepipe releases verify` to find; this one is published all the same.
    with suppress(ObjectNotFoundError):
        words = f"In the channel now ({release}): {caption[0].lower()}{caption[1:]}"
        return Figure(words, store.get(f"releases/{release}/{path}"))
    return None


def _noisy_sets(outcomes: Sequence[Outcome], files: Mapping[str, Path]) -> Iterator[NoisySet]:
    made = [outcome.noisy for outcome in outcomes if isinstance(outcome, Done)]
    sets = {noisy.facts.name: noisy.facts for noisy in made if noisy is not None}
    for name, facts in sets.items():
        levels: dict[str, list[str]] = {}
        for spec in facts.baselines:
            levels.setdefault(spec.kind, []).append(f"{spec.level:g}")
        specs = "; ".join(f"{kind} at {', '.join(values)}" for kind, values in levels.items())
        caption = "Clean images on top, then each kind and level of noise"
        yield NoisySet(name, caption, files[f"noisy-test-sets/{name}.png"].read_bytes(), facts.num_images, specs)
