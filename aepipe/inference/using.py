"""Uses of a model, as their results say them: what all kinds of use have in common."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from pydantic import JsonValue

from aepipe.errors import DataError, ObjectNotFoundError, ParameterError
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.loading import LocatedModel
from aepipe.inference.pictures import BATCH_PICTURES, Picture, Pictures, Unreadable
from aepipe.recipes.published import find_model
from aepipe.releases.manifest import resolve_release
from aepipe.results import Destination, Kind, Use
from aepipe.store import Store

Batches = Iterable[list[Picture | Unreadable]]


def refuse_forgetful(new_only: bool, destination: Destination) -> None:
    """Refuse results that later ones can't know of.

    Raises:
        ParameterError: only new pictures are wanted, and results go into a folder.
    """
    if new_only and isinstance(destination, Path):
        raise ParameterError(
            "What is new is what the store has no results of, and results in a folder are not in the store.",
            "Leave out the folder, or take all pictures.",
            new_only=new_only,
            output=str(destination),
        )


def new_batches(
    pictures: Pictures, model: LocatedModel, known: Collection[str], batch_size: int = BATCH_PICTURES
) -> Batches | None:
    """Return the pictures that a use takes, some at a time; None where all are known, and no model need be loaded.

    Args:
        pictures: All of them.
        model: What takes them.
        known: Digests of those that are passed over.
        batch_size: How many at a time.

    Raises:
        DataError: there are none.
    """
    batches = pictures.batches(model.trained, batch_size, known)
    first = next(batches, None)
    if first is not None:
        return chain([first], batches)
    if not pictures.num_skipped:
        raise DataError("At least one file must be meant to be a picture.", source=pictures.source)
    return None


def begin() -> str:
    """Return the time at which a use begins, as its results say it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def describe_use(
    kind: Kind,
    store: Store,
    loaded: LoadedModel,
    pictures: Pictures | None,
    started: str,
    flow_run: str | None,
    settings: Mapping[str, JsonValue],
    summary: Mapping[str, JsonValue],
) -> Use:
    """Return what the results of a use say of it.

    Args:
        kind: What was done.
        store: Where the model is from.
        loaded: The model.
        pictures: The account of the pictures, after the last batch; None of none.
        started: When it began.
        flow_run: The flow run that it was part of.
        settings: What was chosen.
        summary: A few figures.
    """
    # Here, because TensorFlow says what it computes on.
    from aepipe.training.runtime import hardware

    published = find_model(resolve_release(store, loaded.release), loaded.name)
    if published is None:
        raise ObjectNotFoundError("A release never changes.", release=loaded.release, model=loaded.name)
    return Use(
        kind=kind,
        model=loaded.name,
        recipe=loaded.recipe,
        release=loaded.release,
        model_sha256=published.sha256,
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
