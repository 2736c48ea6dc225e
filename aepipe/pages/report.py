"""The report of a run: one page that needs nothing beside it, for people who decide whether to use a release."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from aepipe.checks.facts import Checked
from aepipe.evaluation.catalogue import BY_NAME, DENOISED_MSE, LINEAR_MSE, MSE, Metric, Metrics, measured_at
from aepipe.evaluation.strongest import Baseline, find_strongest
from aepipe.gate.rules import COUNTS, ERRORS, is_sound
from aepipe.gate.verdicts import Verdict
from aepipe.hardware import usable_cores
from aepipe.notation import Notation, choose_notation, decimals, significant
from aepipe.pages.before import Before
from aepipe.pages.data import DataSection
from aepipe.pages.details import detail_lines, say_baseline
from aepipe.pages.inline_images import InlineImage, inline_image
from aepipe.pages.inputs import input_remarks, input_rows
from aepipe.pages.numbers import notation_of_errors, page_writer
from aepipe.pages.rendering import html_environment
from aepipe.part_counts import say_parts
from aepipe.stages.facts import EvaluationFacts
from aepipe.stages.graph import STAGES
from aepipe.stages.outcome import Done, Outcome

VERDICTS = ("promoted", "first", "held", "failed")


@dataclass(frozen=True)
class Figure:
    """A picture of one recipe's results.

    Attributes:
        caption: What it shows.
        png_bytes: The picture.
        in_production: The same of the release in production, where there is one to compare with.
    """

    caption: str
    png_bytes: bytes
    in_production: "Figure | None" = None

    def pictures(self) -> list[tuple[str, InlineImage]]:
        """Return it, and production's after it, as the page has them: a caption and a picture each."""
        own = (self.caption, inline_image(self.png_bytes))
        return [own] if self.in_production is None else [own, *self.in_production.pictures()]


@dataclass(frozen=True)
class NoisySet:
    """A noisy-input test set of the release: its name, a preview as PNG bytes, and its noise in words."""

    name: str
    caption: str
    png_bytes: bytes
    num_images: int
    specs: str


@dataclass(frozen=True)
class Report:
    """Everything that the page says.

    Attributes:
        release_id: The release that the page is in.
        store_url: The store that the release is in.
        created: When the run started, as an ISO time.
        setting: Which setting of the recipes was trained.
        preset: How much was trained: full or quick.
        parameters: The run's parameters, as its form shows them.
        git_commit: The commit that ran; None where it is not known.
        packages: Version of each installed package, by name.
        hardware: What the run computed on, in words; empty where nothing was trained.
        seconds: How long the whole run took.
        outcomes: What each recipe came to.
        verdicts: The gate's decision about each, in the order of `outcomes`.
        figures: Each model's figures, by its name.
        noisy_sets: The noisy-input test sets of the release.
        checked: The user's own data sets, with what their checks came to.
        before: Its models beside those of the release that the channel has.
    """

    release_id: str
    store_url: str
    created: str
    setting: str
    preset: str
    parameters: Mapping[str, Any]
    git_commit: str | None
    packages: Mapping[str, str]
    hardware: str
    seconds: float
    outcomes: Sequence[Outcome]
    verdicts: Sequence[Verdict]
    figures: Mapping[str, Sequence[Figure]]
    noisy_sets: Sequence[NoisySet]
    checked: Sequence[Checked] = ()
    before: Sequence[Before] = ()


@dataclass(frozen=True)
class RecipeEntry:
    """One recipe on the page."""

    outcome: Outcome
    verdict: Verdict
    figures: Sequence[Sequence[tuple[str, InlineImage]]]

    @property
    def done(self) -> Done | None:
        """What it came to; None where it failed."""
        return self.outcome if isinstance(self.outcome, Done) else None

    @cached_property
    def facts(self) -> EvaluationFacts | None:
        """The evaluation's facts; none where it did not come to an evaluation."""
        return self.done.measured if self.done else None

    @property
    def metrics(self) -> Metrics:
        """The numbers among them."""
        return {} if self.facts is None else self.facts.metrics

    @property
    def is_in_release(self) -> bool:
        """Whether there are models to load: those of an unsound recipe are not published."""
        return is_sound(self.outcome)

    @property
    def strongest(self) -> Baseline | None:
        """The strongest baseline at the same code size that there is a figure of."""
        return find_strongest(self.metrics)

    @property
    def ratio_to_strongest(self) -> float | None:
        """The model's error over the strongest baseline's at the same code size; below 1 is better."""
        mse, strongest = self.metrics.get(MSE), self.strongest
        return mse / strongest.mse_per_pixel if mse is not None and strongest and strongest.mse_per_pixel else None

    @property
    def ratio_to_baseline(self) -> float | None:
        """The error over the strongest baseline's; a denoiser's, on noisy input, over the best linear map's."""
        denoised, linear = self.metrics.get(DENOISED_MSE), self.metrics.get(LINEAR_MSE)
        return denoised / linear if denoised is not None and linear else self.ratio_to_strongest


def render_report(report: Report) -> str:
    """Return the page as HTML, with figures, style and all numbers inside it.

    Raises:
        ValueError: the outcomes and the verdicts are not as many.
    """
    entries = _entries(report)
    per_pixel = notation_of_errors([entry.metrics for entry in entries], _training_errors(entries))
    write = page_writer(per_pixel, [entry.metrics for entry in entries])
    ratios = [entry.ratio_to_baseline for entry in entries if entry.ratio_to_baseline is not None]
    return (
        html_environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            say_parts=say_parts,
            entries=entries,
            failed=[entry for entry in entries if entry.verdict.verdict == "failed"],
            held=[entry for entry in entries if entry.verdict.verdict == "held"],
            groups=_groups(entries),
            counts=_counts(entries),
            num_compared=len(ratios),
            num_better=sum(ratio < 1 for ratio in ratios),
            data_sets=[DataSection(one, one.facts.name in _published(entries)) for one in report.checked],
            inputs=_inputs(entries),
            before=report.before,
            noisy_sets=[(noisy_set, inline_image(noisy_set.png_bytes)) for noisy_set in report.noisy_sets],
            stages=STAGES,
            columns=_columns(entries),
            write=write,
            write_figure=partial(_write_figure, per_pixel),
            details=partial(detail_lines, write=write),
            say_baseline=say_baseline,
            per_pixel=per_pixel,
            ratio_notation=choose_notation(ratios),
        )
    )


def _entries(report: Report) -> list[RecipeEntry]:
    """Return the recipes, those that failed first, otherwise in the order of the run."""

    def pictures(outcome: Outcome) -> list[list[tuple[str, InlineImage]]]:
        return [figure.pictures() for figure in report.figures.get(outcome.model, ())]

    # They are encoded outside of Python's lock.
    with ThreadPoolExecutor(usable_cores()) as pool:
        by_outcome = pool.map(pictures, report.outcomes)
    entries = [RecipeEntry(*of_one) for of_one in zip(report.outcomes, report.verdicts, by_outcome, strict=True)]
    return sorted(entries, key=lambda entry: entry.verdict.verdict != "failed")


def _groups(entries: Sequence[RecipeEntry]) -> list[list[RecipeEntry]]:
    """Return the evaluated recipes by the data and split that they share: only those are comparable."""
    groups: dict[tuple[str, str], list[RecipeEntry]] = {}
    for entry in entries:
        if entry.done is not None:
            key = (entry.done.data.fingerprint, entry.done.split.fingerprint)
            groups.setdefault(key, []).append(entry)
    return list(groups.values())


def _inputs(entries: Sequence[RecipeEntry]) -> list[tuple[str, list[tuple[str, str]], Sequence[str]]]:
    """Return each data set that something was trained on: its name, what is known of it, and remarks."""
    found = {entry.done.data.fingerprint: entry.done.data.facts for entry in entries if entry.done}
    return [(facts.name, list(input_rows(facts)), input_remarks(facts)) for facts in found.values()]


def _columns(entries: Sequence[RecipeEntry]) -> list[Metric]:
    """Return the metrics of the table; in a source's unit only where it is not that of all others."""
    has_units = any(entry.facts and entry.facts.source_unit not in (None, 1) for entry in entries)
    measured = measured_at("report", [entry.metrics for entry in entries])
    return [metric for metric in measured if has_units or metric.scale != "source unit"]


def _published(entries: Sequence[RecipeEntry]) -> set[str]:
    """Return the data sets of which the release has an index: those that something was trained on."""
    return {entry.done.data.facts.name for entry in entries if entry.done}


def _counts(entries: Sequence[RecipeEntry]) -> dict[str, int]:
    counted: Counter[str] = Counter(entry.verdict.verdict for entry in entries)
    return {verdict: counted[verdict] for verdict in VERDICTS}


def _training_errors(entries: Sequence[RecipeEntry]) -> list[float | None]:
    trained = [entry.done.trained.facts for entry in entries if entry.done]
    return [mse for facts in trained for mse in (facts.train_mse, facts.validation_mse)]


def _write_figure(per_pixel: Notation, name: str, value: float | None) -> str:
    """Return a figure that a rule of the gate was decided by."""
    if name in COUNTS:
        return decimals(value, 0)
    is_error = name in ERRORS or (name in BY_NAME and BY_NAME[name].scale == "per pixel")
    return per_pixel(value) if is_error else significant(value)
