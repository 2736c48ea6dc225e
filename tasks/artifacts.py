"""Artifacts: what a run shows in the Prefect UI, best effort: no run fails because one could not be written."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.exceptions import PrefectException

from aepipe.checks.facts import CheckFacts
from aepipe.errors import StoreError
from aepipe.evaluation.catalogue import Metrics, errors_first, metrics_at
from aepipe.evaluation.strongest import find_strongest
from aepipe.notation import plain, words
from aepipe.pages.inline_images import inline_image
from aepipe.pages.markdown import escape_markdown
from aepipe.pages.numbers import write_alone
from aepipe.publishing.published import Published
from aepipe.recipes.plan import TrainingPlan
from aepipe.results import ResultsManifest
from aepipe.results.manifest import run_prefix
from aepipe.stages.outcome import Done, Failed, Outcome
from aepipe.stages.results import SearchResult, SweepResult
from aepipe.store import open_store
from aepipe.store.local_files import local_file

# The server gives all of an artifact to everybody who lists artifacts.
MAX_BYTES = 200_000
# Each update is a call of the server.
PROGRESS_SHARE, PROGRESS_SECONDS, SILENCE_SECONDS = 0.05, 5.0, 60.0
# A picture becomes one of a fraction of this.
MAX_PICTURE_BYTES = 5_000_000
TABLE = [
    "| model | setting | data | code | MSE per pixel | strongest baseline | ratio | verdict |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
]


@contextmanager
def _best_effort() -> Iterator[None]:
    try:
        yield
    except (PrefectException, httpx.HTTPError, StoreError) as error:
        get_run_logger().warning("The artifact could not be written: %s", error)


class TrainingProgress:
    """A progress bar in the UI and log lines, for every twentieth part of a training, and at least every minute."""

    def __init__(self) -> None:
        self._logger = get_run_logger()
        self._plan: TrainingPlan | None = None
        self._shown, self._shown_at = -1.0, 0.0
        self._artifact: UUID | None = None

    def __call__(self, plan: TrainingPlan, epoch: Any, num_epochs: int) -> None:
        """Show an epoch's result."""
        self._plan = plan
        share, seconds = epoch.epoch / num_epochs, time.monotonic() - self._shown_at
        is_soon = seconds < PROGRESS_SECONDS or (share - self._shown < PROGRESS_SHARE and seconds < SILENCE_SECONDS)
        if is_soon and epoch.epoch < num_epochs:
            return
        self._shown, self._shown_at = share, time.monotonic()
        figures = ("loss", "mse", "validation_loss", "validation_mse", "learning_rate", "seconds")
        values = " ".join(f"{name}={getattr(epoch, name):.5g}" for name in figures)
        self._logger.info("recipe=%s epoch=%d/%d %s", plan.recipe, epoch.epoch, num_epochs, values)
        self._show(plan, share)

    def end(self) -> None:
        """Show that it has ended: a training that no longer gets better ends before its last epoch."""
        if self._plan is not None and self._artifact is not None and self._shown < 1:
            self._show(self._plan, 1.0)

    def _show(self, plan: TrainingPlan, share: float) -> None:
        with _best_effort():
            if self._artifact is None:
                name = f"{plan.setting} {plan.recipe}"
                key = f"progress-{plan.recipe}"
                made = create_progress_artifact(100 * share, key=key, description=f"Training {name}")
                # Only of an asynchronous run something else that is waited for.
                self._artifact = made if isinstance(made, UUID) else None
            else:
                update_progress_artifact(self._artifact, 100 * share)


@_best_effort()
def show_training(store_url: str, done: Done) -> None:
    """Write one training's held-out figures, loss curve and reconstructions as one markdown artifact."""
    plan, trained, facts = done.plan, done.trained, done.measured
    rows = [
        *_metric_rows(facts.metrics),
        ("code size, parameters", f"{facts.code_size}, {trained.facts.num_parameters:,}"),
        ("epochs, kept", f"{trained.facts.num_epochs}, {trained.facts.kept_epoch}"),
        ("training", f"{trained.facts.training_seconds:.1f} s on {trained.facts.hardware}"),
    ]
    table = ["| figure | value |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)]
    where = f"Results:\n\n{_long(done.results['evaluated'].files['metrics.csv'].uri.rpartition('/')[0])}"
    lines = [f"# {plan.setting} {done.model}", "\n".join(table), where]
    lines += [_picture(store_url, done, name) for name in ("reconstructions", "loss_curves")]
    key = f"training-{done.model.replace('@', '-')}"
    _show(lines, key=key, description=f"What {plan.setting} {done.model} came to")


@_best_effort()
def show_release(store_url: str, published: Published, outcomes: list[Outcome], news: str = "") -> None:
    """Write what came in, the run's verdicts, held-out errors and reconstructions as one markdown artifact."""
    rows = [_row(outcome, verdict.verdict) for outcome, verdict in zip(outcomes, published.verdicts, strict=True)]
    reasons = [f"- **{v.model}** {v.verdict}: {v.reason}" for v in published.verdicts if not v.passes]
    lines = [
        f"# Release {published.release}",
        escape_markdown(news),
        published.summary,
        f"Report: {_link(published.report_uri)}",
        "\n".join([*TABLE, *rows]),
        "\n".join(reasons),
        *(_picture(store_url, outcome, "reconstructions") for outcome in outcomes if isinstance(outcome, Done)),
    ]
    _show(lines, key="release", description="What the run published")


@_best_effort()
def show_check(facts: CheckFacts, page: str) -> None:
    """Write what the checks of a data set came to as one markdown artifact."""
    rows = ["| check | holds | found |", "| --- | --- | --- |"]
    for line in facts.lines:
        rows.append(f"| {line.name} | {'yes' if line.holds else '**no**'} | {escape_markdown(line.says)} |")
    text = [f"# {facts.name}", "\n".join(rows), f"What changed: {_link(page)}"]
    _show(text, key="data", description="What the checks of the images came to")


@_best_effort()
def show_sweep(outcomes: Sequence[Outcome], table: SweepResult) -> None:
    """Write a sweep's trainings, the best first, as one markdown artifact."""
    done = sorted((one for one in outcomes if isinstance(one, Done)), key=lambda one: one.measured.mse_per_pixel)
    rows = ["| seed | epochs | batch size | learning rate | MSE per pixel |", "| --- | --- | --- | --- | --- |"]
    for outcome in done:
        settings = outcome.plan.training
        rows.append(
            f"| {settings.seed} | {settings.epochs} | {settings.batch_size} | {settings.learning_rate:g} "
            f"| {outcome.measured.mse_per_pixel:.5f} |"
        )
    reasons = [f"- failed: {outcome.error}" for outcome in outcomes if isinstance(outcome, Failed)]
    where = f"All columns:\n\n{_long(table.files['results.csv'].uri)}"
    lines = [f"# {len(outcomes)} trainings", table.facts.best, "\n".join(rows), "\n".join(reasons), where]
    _show(lines, key="sweep", description="What the sweep came to")


@_best_effort()
def show_search(rows: Sequence[Mapping[str, Any]], table: SearchResult) -> None:
    """Write a search's candidates, the best first, as one markdown artifact."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [f"| {' | '.join(names)} |", "| " + " | ".join(["---"] * len(names)) + " |"]
    for row in sorted(rows, key=lambda row: (row["state"] != "complete", row["validation_mse"] or float("inf"))):
        cells = (f"{value:.5g}" if isinstance(value, float) else str(value) for value in map(row.get, names))
        lines.append(f"| {' | '.join(cells)} |")
    where = f"As a file:\n\n{_long(table.files['trials.csv'].uri)}"
    text = [f"# {len(rows)} candidates", table.facts.best, "\n".join(lines), where]
    _show(text, key="search", description="What the search came to")


@_best_effort()
def show_use(store_url: str, results: ResultsManifest, lines: Sequence[str]) -> None:
    """Write what a use of a model came to, where its files are, and a picture of it, as one markdown artifact."""
    store, prefix = open_store(store_url), run_prefix(results.model, results.run)
    page = next((file.path for file in results.files if file.path == "page.html"), "")
    text = [
        f"# {results.kind} with {results.model}",
        escape_markdown(" ".join(lines)),
        f"Release {results.release}. Results: {_link(f'{store.url}/{prefix}{page}')}",
        _figure_table(results.summary),
    ]
    small = (file for file in results.files if file.media_type == "image/png" and file.size <= MAX_PICTURE_BYTES)
    # A sheet of all where there is one, else the first.
    for name in sorted((file.path for file in small), key=lambda path: ("sheet" not in path, path))[:1]:
        text.append(f"![{escape_markdown(name)}]({inline_image(store.get(f'{prefix}{name}')).uri})")
    _show(text, key=f"{results.kind}-{results.model.replace('@', '-')}", description=f"What {results.kind} came to")


def _figure_table(summary: Mapping[str, Any]) -> str:
    rows = [(name, value) for name, value in summary.items() if isinstance(value, str | int | float)]
    lines = (f"| {words(name)} | {escape_markdown(plain(value))} |" for name, value in rows)
    return "\n".join(["| figure | value |", "| --- | --- |", *lines]) if rows else ""


def _show(lines: Sequence[str], key: str, description: str) -> None:
    text = "\n\n".join(line for line in lines if line)
    while len(text.encode()) > MAX_BYTES:
        # Pictures come last.
        lines = lines[:-1]
        text = "\n\n".join(line for line in lines if line)
    create_markdown_artifact(text, key=key, description=description)


def _row(outcome: Outcome, verdict: str) -> str:
    if isinstance(outcome, Failed):
        return f"| {outcome.model} | {outcome.setting} | | | | | | {verdict} |"
    facts = outcome.measured
    strongest = find_strongest(facts.metrics)
    beaten = "" if strongest is None else f"{strongest.mse_per_pixel:.5f} {strongest.label}"
    ratio = facts.mse_per_pixel / strongest.mse_per_pixel if strongest and strongest.mse_per_pixel else float("nan")
    return (
        f"| {outcome.model} | {outcome.setting} | {outcome.split.facts.name} | {facts.code_size} "
        f"| {facts.mse_per_pixel:.5f} | {beaten} | {ratio:.2f} | {verdict} |"
    )


def _metric_rows(metrics: Metrics) -> Iterator[tuple[str, str]]:
    for metric in errors_first(metrics_at("artifact")):
        value = metrics.get(metric.name)
        if value is not None:
            yield metric.heading("artifact"), write_alone(metric, value)


def _picture(store_url: str, done: Done, name: str) -> str:
    png_bytes = local_file(open_store(store_url), done.results["evaluated"].files[f"figures/{name}.png"]).read_bytes()
    return f"![{name.replace('_', ' ')}]({inline_image(png_bytes).uri})"


def _long(uri: str) -> str:
    """Return a block: a line of text that is too long would run over what stands beside it."""
    return f"```\n{uri}\n```"


def _link(uri: str) -> str:
    return f"[{uri}]({uri})" if uri.startswith(("http:", "https:")) else f"`{uri}`"
