"""Limits of a run: the stores and images that it may name, lest who starts runs reaches all that a worker can."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.responses import DeploymentResponse
from prefect.context import FlowRunContext
from prefect.runtime import deployment

from aepipe.datasets import OWN_IMAGES
from aepipe.errors import ParameterError
from aepipe.io.urls import without_secrets

STORES_VARIABLE, IMAGES_VARIABLE = "AEPIPE_STORES", "AEPIPE_IMAGES"
SEPARATOR = ","
BUCKETS = "s3://"
IMAGES = f"{OWN_IMAGES}:"
# Parameters that name pictures as they lie, with the word before it or without.
PLACES = ("images", "reference")
# Settings of data that do so.
BESIDE = ("clean", "mask")


def check_limits(parameters: Mapping[str, Any]) -> None:
    """Check a run's store and images before anything is read.

    What the worker's variables list is allowed, and everything below it. Where they are not set, it is what the run's
    deployment names itself, in its parameters and those of its schedules. Who runs a flow by hand is not limited.

    Args:
        parameters: The flow's.

    Raises:
        ParameterError: the run names something else.
    """
    own = _deployment()
    stores = _allowed(STORES_VARIABLE, own, stores_of)
    if stores is None:
        return
    images = [*(_allowed(IMAGES_VARIABLE, own, images_of) or ()), *stores]
    for location in stores_of([parameters]):
        _check(location, stores, "A run names a store of those that its worker allows.", STORES_VARIABLE)
    for location in images_of([parameters]):
        _check(location, images, "A run reads images from where its worker allows it.", IMAGES_VARIABLE)


def stores_of(parameters: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the stores that sets of parameters name."""
    return list(dict.fromkeys(str(each["store"]) for each in parameters if each.get("store") is not None))


def images_of(parameters: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return where sets of parameters take images of somebody's own from."""
    parameters = list(parameters)
    data_sets = [str(each["data_set"]) for each in parameters if each.get("data_set") is not None]
    places = [str(each[name]) for each in parameters for name in PLACES if each.get(name) is not None]
    beside = [place for each in parameters for place in places_beside(each).values()]
    named = [name for name in data_sets if name.startswith(IMAGES)]
    return list(dict.fromkeys(name.removeprefix(IMAGES) for name in (*named, *places, *beside)))


def places_beside(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return where a set of parameters takes what goes with the images from, by the setting that names it."""
    data = parameters.get("data")
    # As a deployment has them, or as a flow that was called by hand.
    of_data = data.get if isinstance(data, Mapping) else partial(getattr, data)
    return {name: str(place) for name in BESIDE if (place := of_data(name, None)) is not None}


def _deployment() -> DeploymentResponse | None:
    context = FlowRunContext.get()
    own = context.flow_run if context else None
    is_by_hand = own is not None and own.deployment_id is None and own.parent_task_run_id is None
    # The runtime would ask the server again for what the run itself says.
    if is_by_hand or deployment.id is None:
        return None
    with get_client(sync_client=True) as client:
        return client.read_deployment(UUID(str(deployment.id)))


def _allowed(
    variable: str, own: DeploymentResponse | None, named: Callable[[Iterable[Mapping[str, Any]]], list[str]]
) -> list[str] | None:
    listed = os.environ.get(variable)
    if listed:
        return [location.strip() for location in listed.split(SEPARATOR) if location.strip()]
    if own is None:
        return None
    return named([own.parameters, *(schedule.parameters for schedule in own.schedules)])


def _check(location: str, allowed: Sequence[str], rule: str, variable: str) -> None:
    place = _parts(location)
    if any(place[: len(parts)] == parts for parts in map(_parts, allowed)) and ".." not in place:
        return
    name = "store" if variable == STORES_VARIABLE else "images"
    way_out = f"Name one of the deployment's, or let the worker's operator list it in {variable}."
    raise ParameterError(rule, way_out, **{name: without_secrets(location)})


def _parts(location: str) -> tuple[str, ...]:
    """Return what a location is made of, so that /data is no beginning of /database; links are followed."""
    if location.startswith(BUCKETS):
        return (BUCKETS, *filter(None, location.removeprefix(BUCKETS).split("/")))
    path = location
    if location.startswith("file:"):
        path = unquote(location.removeprefix("file:").removeprefix("//").removeprefix("localhost"))
    return Path(path).expanduser().resolve().parts
