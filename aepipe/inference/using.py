"""Uses of a model: what all kinds of them begin with, and what their results say of them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from pydantic import JsonValue

from aepipe.datasets.images import images_at_once
from aepipe.errors import DataError, ParameterError
from aepipe.inference.loading import LocatedModel, locate
from aepipe.inference.pictures import BATCH_PICTURES, Picture, Pictures, Unreadable, open_pictures
from aepipe.results import (
    Destination,
    Kind,
    Use,
    find_known,
    keep_file_digests,
    open_destination,
    read_file_digests,
)
from aepipe.results.known import Known
from aepipe.store import Store, open_store

Batches = Iterable[list[Picture | Unreadable]]


@dataclass(frozen=True)
class Job:
    """A use of a model on pictures that has begun.

    Attributes:
        kind: What is done.
        store: Where the model is.
        destination: Where results go.
        pictures: What the model is used on.
        model: The model, which may not have to be loaded.
        before: What earlier results have, where only new pictures are taken.
        started: When it began.
    """

    kind: Kind
    store: Store
    destination: Destination
    pictures: Pictures
    model: LocatedModel
    before: Known | None
    started: str

    def batches(self, batch_size: int = BATCH_PICTURES) -> Batches | None:
        """Return the pictures that are taken, so many at a time or fewer large ones; None where all of them are known.

        Raises:
            DataError: there are none.
        """
        size = min(batch_size, images_at_once(*self.model.trained.plan.image_shape))
        known = () if self.before is None else self.before.digests
        batches = self.pictures.batches(self.model.trained, size, known)
        first = next(batches, None)
        if first is not None:
            return chain([first], batches)
        if not self.pictures.num_skipped:
            raise DataError("At least one file must be meant to be a picture.", source=self.pictures.source)
        return None

    def describe(
        self, flow_run: str | None, settings: Mapping[str, JsonValue], summary: Mapping[str, JsonValue]
    ) -> Use:
        """Return what the results say of it, after the last batch; `describe_use` has the rest."""
        return describe_use(self.kind, self.model, self.pictures, self.started, flow_run, settings, summary)


@contextmanager
def open_job(
    kind: Kind,
    images: str | None,
    rows: str | None,
    store: Store | str | Path,
    model: str,
    channel: str,
    output: str | Path | None,
    new_only: bool,
) -> Iterator[Job]:
    """Begin a use of a model on pictures; the functions for each kind say what the parameters are.

    Raises:
        ParameterError: the folder has something in it, there are no such rows, or what is new can't be known.
        DataError: there are no pictures, or they can't be listed.
        StoreError: the model or what earlier results have can't be had.
    """
    started = begin()
    opened = open_store(store) if isinstance(store, str | Path) else store
    destination = open_destination(opened, output)
    _refuse_forgetful(new_only, destination)
    with open_pictures(images, rows) as pictures:
        located = locate(opened, model, channel)
        if not new_only:
            yield Job(kind, opened, destination, pictures, located, None, started)
            return
        before = find_known(opened, located.name, located.release, kind)
        with _remembering(opened, located.name, pictures):
            yield Job(kind, opened, destination, pictures, located, before, started)


@contextmanager
def _remembering(store: Store, model: str, pictures: Pictures) -> Iterator[None]:
    """Let pictures far away be known without being read, where they are as they were when a use read them."""
    if pictures.is_remote:
        pictures.remembered = read_file_digests(store, model, pictures.source)
    yield
    digests = pictures.file_digests()
    if digests and digests != pictures.remembered:
        keep_file_digests(store, model, pictures.source, digests)


def _refuse_forgetful(new_only: bool, destination: Destination) -> None:
    if new_only and isinstance(destination, Path):
        raise ParameterError(
            "What is new is what the store has no results of, and results in a folder are not in the store.",
            "Leave out the folder, or take all pictures.",
            new_only=new_only,
            output=str(destination),
        )


def begin() -> str:
    """Return the time at which a use begins, as its results say it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def describe_use(
    kind: Kind,
    model: LocatedModel,
    pictures: Pictures | None,
    started: str,
    flow_run: str | None,
    settings: Mapping[str, JsonValue],
    summary: Mapping[str, JsonValue],
) -> Use:
    """Return what the results of a use say of it.

    Args:
        kind: What was done.
        model: The model.
        pictures: The account of the pictures, after the last batch; None of none.
        started: When it began.
        flow_run: The flow run that it was part of.
        settings: What was chosen.
        summary: A few figures.
    """
    # Here, because TensorFlow says what it computes on.
    from aepipe.training.runtime import hardware

    return Use(
        kind=kind,
        model=model.name,
        recipe=model.recipe,
        release=model.release,
        model_sha256=model.published.sha256,
        settings=dict(settings),
        source=None if pictures is None else pictures.source,
        inputs_sha256=None if pictures is None else pictures.sha256,
        num_pictures=0 if pictures is None else pictures.num_pictures,
        num_unreadable=0 if pictures is None else pictures.num_unreadable,
        num_skipped=0 if pictures is None else pictures.num_skipped,
        started=started,
        flow_run=flow_run,
        hardware=hardware(),
        summary=dict(summary),
    )
