"""Scoring runs of a model over time: the page that shows them, and what people were told of them.

Both lie beside the results, and are made of the summaries in the manifests of the results.
"""

import json
import logging
import random
import time
from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict, Field

from aepipe.checks.watched import TOPICS, WATCHED, Topic, Watched, WatchedRun
from aepipe.errors import (
    AepipeError,
    ConflictError,
    CorruptObjectError,
    NewerObjectError,
    ObjectNotFoundError,
    printable,
)
from aepipe.io.hashing import canonical_json
from aepipe.pages.watching import MAX_RUNS, render_watching
from aepipe.results import ResultsManifest, list_runs, read_results
from aepipe.results.manifest import RESULTS
from aepipe.store.interface import Store
from aepipe.store.names import ReleaseId
from aepipe.store.parsing import parse_stored

PAGE = "page.html"
NUM_TRIES, MAX_WAIT_SECONDS = 10, 2.0
logger = logging.getLogger(__name__)


class Told(BaseModel):
    """What people were told of a model: which topics are over their limits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    run: ReleaseId | None = Field(None, description="The results of which something was told last.")
    over: tuple[Topic, ...] = Field((), description="What is over its limit, as far as people know.")


class _Seen(BaseModel):
    """What was read of manifests before, so that a page of a year does not read a year's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    runs: tuple[WatchedRun, ...] = Field((), description="The scoring runs that the page shows.")
    others: tuple[ReleaseId, ...] = Field((), description="Results that it does not show.")


def page_key(model: str) -> str:
    """Return where the page of a model in use lies."""
    return f"{RESULTS}/{model}/index.html"


def watched_of(manifest: ResultsManifest) -> WatchedRun | None:
    """Return what a scoring run came to; None where nothing was watched, as without calibration.

    Raises:
        CorruptObjectError: the summary is not what was written.
    """
    found = manifest.summary.get(WATCHED)
    if found is None:
        return None
    key = f"{RESULTS}/{manifest.model}/{manifest.run}/manifest.json"
    watched = parse_stored(json.dumps(found).encode(), Watched, key)
    has_page = any(file.path == PAGE for file in manifest.files)
    return WatchedRun(
        run=manifest.run,
        started=manifest.started,
        release=manifest.release,
        source=manifest.source,
        page=f"{manifest.run}/{PAGE}" if has_page else None,
        score=str(manifest.summary.get("score_name", "")),
        watched=watched,
    )


def write_page(store: Store, model: str) -> str | None:
    """Write the page of a model in use anew, and return where it lies; None where nothing was watched.

    Of two runs that write it at once the later one sees both: the page is swapped for one that was made of what is in
    the store after the page was read.

    Raises:
        ConflictError: others kept writing it; theirs shows what is in the store as well.
        StoreError: the store does not answer, or refuses.
    """
    key = page_key(model)
    for number in range(NUM_TRIES):
        before = store.get_versioned(key)
        runs = read_runs(store, model)
        if not runs:
            return None
        page = render_watching(model, runs, store.url).encode()
        try:
            store.swap(key, page, None if before is None else before.version)
        except ConflictError:
            if number == NUM_TRIES - 1:
                raise
            time.sleep(random.uniform(0, MAX_WAIT_SECONDS))
            continue
        return f"{store.url}/{key}"
    raise AssertionError("the last try returns or raises")


def refresh_page(store: Store, model: str) -> str | None:
    """Write the page anew after pictures were scored, and return where it lies.

    What goes wrong with the page is a warning: the results are there all the same, and the next run shows them.
    """
    try:
        return write_page(store, model)
    except AepipeError as error:
        logger.warning("%s was not written anew: %s", page_key(model), printable(str(error)))
        return None


def read_runs(store: Store, model: str) -> Sequence[WatchedRun]:
    """Return a model's scoring runs, the latest first, at most so many as the page shows.

    Those whose results were removed since are among them, without a page of their own.
    """
    seen, there = _read_seen(store, model), list_runs(store, model)
    known = {run.run: run for run in seen.runs}
    new = [run for run in there if run not in known and run not in seen.others]
    found = {**known, **{run.run: run for run in _watched(store, model, new)}}
    latest = sorted(found.values(), key=lambda run: run.run, reverse=True)[:MAX_RUNS]
    if new:
        shown = {run.run for run in latest}
        now = _Seen(runs=tuple(latest), others=tuple(run for run in there if run not in shown))
        store.put(_seen_key(model), canonical_json(now.model_dump(mode="json")))
    return [run if run.run in there else run.model_copy(update={"page": None}) for run in latest]


def news_of(store: Store, run: WatchedRun, model: str) -> tuple[Topic, ...]:
    """Return the topics that people have to be told of: what went over its limit, or came back, since they were."""
    over, _ = _read_told(store, model)
    return tuple(topic for topic in TOPICS if run.watched.is_over(topic) not in (None, topic in over.over))


def note_told(store: Store, run: WatchedRun, model: str, topics: Sequence[Topic]) -> None:
    """Keep that people were told of these topics."""
    for number in range(NUM_TRIES):
        told, version = _read_told(store, model)
        over = (set(told.over) - set(topics)) | {topic for topic in topics if run.watched.is_over(topic)}
        now = Told(run=run.run, over=tuple(topic for topic in TOPICS if topic in over))
        try:
            store.swap(_told_key(model), canonical_json(now.model_dump(mode="json")), version)
        except ConflictError:
            if number == NUM_TRIES - 1:
                raise
            continue
        return


def _watched(store: Store, model: str, runs: Sequence[str]) -> Iterator[WatchedRun]:
    for run in runs:
        try:
            found = watched_of(read_results(store, model, run))
        except ObjectNotFoundError:
            # It was removed meanwhile.
            continue
        except (CorruptObjectError, NewerObjectError) as error:
            logger.warning("Results are passed over: %s", printable(str(error)))
            continue
        if found is not None:
            yield found


def _read_seen(store: Store, model: str) -> _Seen:
    found = store.get_versioned(_seen_key(model))
    if found is None:
        return _Seen()
    try:
        return parse_stored(found.data, _Seen, _seen_key(model))
    except (CorruptObjectError, NewerObjectError) as error:
        logger.warning("All manifests are read again: %s", printable(str(error)))
        return _Seen()


def _read_told(store: Store, model: str) -> tuple[Told, str | None]:
    found = store.get_versioned(_told_key(model))
    if found is None:
        return Told(), None
    return parse_stored(found.data, Told, _told_key(model)), found.version


def _seen_key(model: str) -> str:
    return f"{RESULTS}/{model}/runs.json"


def _told_key(model: str) -> str:
    return f"{RESULTS}/{model}/told.json"
