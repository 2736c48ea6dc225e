"""Manifests of uses: what every use of a model on pictures says of itself, and where its results are."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from aepipe.errors import ObjectNotFoundError
from aepipe.inference.loading import LoadedModel
from aepipe.inference.pictures import Pictures
from aepipe.recipes.published import find_model
from aepipe.releases.manifest import resolve_release
from aepipe.results import Destination, Kind, ResultsManifest, Use
from aepipe.results.manifest import run_prefix
from aepipe.store import Store


def describe_use(
    store: Store,
    loaded: LoadedModel,
    kind: Kind,
    pictures: Pictures,
    started: str,
    settings: Mapping[str, JsonValue],
    summary: Mapping[str, JsonValue],
    flow_run: str | None = None,
) -> Use:
    """Return what a manifest says of a use whose pictures have all been seen.

    Args:
        store: Where the release is.
        loaded: The model.
        kind: What was done.
        pictures: The account of the pictures.
        started: When it began, ISO 8601 in UTC.
        settings: What was chosen.
        summary: A few figures for pages and alarms.
        flow_run: Id of the flow run that it is part of.

    Raises:
        ObjectNotFoundError: the release is gone.
    """
    # Here, because it imports TensorFlow, which the model has loaded already.
    from aepipe.training.runtime import hardware

    published = find_model(resolve_release(store, loaded.release), loaded.name)
    if published is None:
        raise ObjectNotFoundError("A release has its models.", model=loaded.name, release=loaded.release)
    return Use(
        kind=kind,
        model=loaded.name,
        recipe=loaded.recipe,
        release=loaded.release,
        model_sha256=published.sha256,
        settings=dict(settings),
        source=pictures.source,
        inputs_sha256=pictures.sha256,
        num_pictures=pictures.num_pictures,
        num_unreadable=pictures.num_unreadable,
        num_skipped=pictures.num_skipped,
        started=started,
        flow_run=flow_run,
        hardware=hardware(),
        summary=dict(summary),
    )


def place_of(destination: Destination, manifest: ResultsManifest) -> str:
    """Return where the files of results are, for people: a folder, or an address in the store."""
    if isinstance(destination, Path):
        return str(destination)
    return f"{destination.url}/{run_prefix(manifest.model, manifest.run).rstrip('/')}"
