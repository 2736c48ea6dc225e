"""Tasks that use a published model: each is one call of the library, an artifact, and one line for the run's state."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import NAMESPACE_URL, uuid5

from prefect import get_run_logger
from prefect.events import emit_event
from prefect.runtime import flow_run, task_run

from aepipe.checks.watched import Topic, WatchedRun
from aepipe.inference.watch import WatchSettings
from aepipe.inference.watched_runs import news_of, note_told, page_key, watched_of, write_page
from aepipe.recipes.naming import spelled_out_model
from aepipe.results import Kind, ResultsManifest, find_own, place_of, read_results
from aepipe.store import Store, open_store
from aepipe.tasks.artifacts import show_use
from aepipe.tasks.stages import store_task

if TYPE_CHECKING:
    from aepipe.inference.encoding import FileFormat
    from aepipe.inference.new_codes import Origin

OVER, BACK = "aepipe.scores.over", "aepipe.scores.back"


class Result(Protocol):
    """What a function of the library that uses a model returns."""

    def summary(self) -> dict[str, Any]:
        """Return all of it, for programs; among it model, and run, which is None where there was nothing new."""

    def lines(self) -> Iterator[str]:
        """Yield what a person should know."""


@dataclass(frozen=True)
class Used:
    """What a use of a model came to.

    Attributes:
        model: The model's name.
        run: Id of the results in the store; None where there was nothing new.
        message: What a person should know.
    """

    model: str
    run: str | None
    message: str


@store_task(name="score", task_run_name="score/{model}")
def score(
    store_url: str,
    model: str,
    images: str | None,
    rows: str | None,
    channel: str,
    new_only: bool,
    false_alarm_rate: float,
    score_name: str | None,
    worst: int,
    watching: WatchSettings,
) -> Used:
    """Score pictures; the results go into the store."""
    from aepipe.inference.score import score_pictures

    return _use(
        *("score", store_url, model),
        lambda store, name, this_run: score_pictures(
            images,
            store,
            name,
            channel,
            rows=rows,
            new_only=new_only,
            false_alarm_rate=false_alarm_rate,
            score=score_name,
            worst=worst,
            watching=watching,
            flow_run=this_run,
        ),
    )


@store_task(name="encode", task_run_name="encode/{model}")
def encode(
    store_url: str,
    model: str,
    images: str | None,
    rows: str | None,
    channel: str,
    new_only: bool,
    file_format: "FileFormat",
) -> Used:
    """Encode pictures; the codes go into the store."""
    from aepipe.inference.encoding import encode_pictures

    return _use(
        *("encode", store_url, model),
        lambda store, name, this_run: encode_pictures(
            images, store, name, channel, rows=rows, new_only=new_only, file_format=file_format, flow_run=this_run
        ),
    )


@store_task(name="generate", task_run_name="generate/{model}")
def generate(store_url: str, model: str, channel: str, num_images: int, seed: int, origin: "Origin") -> Used:
    """Make new pictures; they go into the store."""
    from aepipe.inference.generation import generate_pictures

    return _use(
        *("generate", store_url, model),
        lambda store, name, this_run: generate_pictures(
            num_images, store, name, channel, seed=seed, origin=origin, flow_run=this_run
        ),
    )


@store_task(name="restore", task_run_name="restore/{model}")
def restore(
    store_url: str,
    model: str,
    images: str | None,
    rows: str | None,
    channel: str,
    new_only: bool,
    reference: str | None,
) -> Used:
    """Restore pictures; they go into the store."""
    from aepipe.inference.restore import restore_pictures

    return _use(
        *("restore", store_url, model),
        lambda store, name, this_run: restore_pictures(
            images, store, name, channel, rows=rows, new_only=new_only, reference=reference, flow_run=this_run
        ),
    )


@store_task(name="watch", task_run_name="watch/{model}")
def watch(store_url: str, model: str, run: str) -> None:
    """Write the page of a model in use anew, and tell of what went over its limit, or came back, once."""
    store = open_store(store_url)
    found = watched_of(read_results(store, model, run))
    if found is None:
        return
    page = write_page(store, model)
    get_run_logger().info("%s over time: %s", model, page)
    topics = news_of(store, found, model)
    for topic in topics:
        get_run_logger().warning("%s: %s", model, found.watched.describe(topic))
    for event, is_over in ((OVER, True), (BACK, False)):
        told = [topic for topic in topics if found.watched.is_over(topic) is is_over]
        if told:
            _emit(event, found, model, told, f"{store.url}/{page_key(model)}")
    # After it was told: who is killed in between tells it again, and forgets nothing.
    if topics:
        note_told(store, found, model, topics)


def _emit(event: str, run: WatchedRun, model: str, topics: Sequence[Topic], page: str) -> None:
    """Say what an automation may tell people of; the same event, should it be said again."""
    figures = " ".join(run.watched.describe(topic) for topic in topics)
    emit_event(
        event,
        resource={"prefect.resource.id": f"aepipe.results.{model}", "prefect.resource.name": model},
        payload={
            "topics": " and ".join(topics),
            "summary": f"{figures} Model of release {run.release}.",
            "page": page,
        },
        id=uuid5(NAMESPACE_URL, f"{event} {run.run}"),
    )


def _use(kind: Kind, store_url: str, model: str, use: Callable[[Store, str, str | None], Result]) -> Used:
    """Use a model, but once: a run that was retried after it had written its results ends with those."""
    store, name, this_run = open_store(store_url), spelled_out_model(model), _this_run()
    if this_run is not None and _is_retried():
        own = find_own(store, name, kind, this_run)
        if own is not None:
            return _tell(store, name, own, [f"This run had come to its results before: {place_of(store, own)}"])
    done = use(store, name, this_run)
    summary = done.summary()
    run = summary["run"]
    found = None if run is None else read_results(store, summary["model"], run)
    return _tell(store, summary["model"], found, list(done.lines()))


def _tell(store: Store, model: str, results: ResultsManifest | None, lines: Sequence[str]) -> Used:
    for line in lines:
        get_run_logger().info(line)
    if results is not None:
        show_use(store.url, results, lines)
    # What it came to is said last, as where a person reads it in a terminal; in a list of runs it comes first.
    return Used(model, None if results is None else results.run, " ".join([lines[-1], *lines[:-1]]))


def _is_retried() -> bool:
    return flow_run.run_count > 1 or task_run.run_count > 1


def _this_run() -> str | None:
    return None if flow_run.id is None else str(flow_run.id)
