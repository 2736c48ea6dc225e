"""The deployments of a server: what differs between them and the file, and how it is mended."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from aepipe.deploy.apply.change import Change, Kind
from aepipe.deploy.apply.schedules import new_schedule, plan_schedules, schedule_subject
from aepipe.deploy.apply.specification import DeploymentSpec

TAG = "aepipe"
# What a deployment on the server must have from the file; schedules are compared by slug beside it.
COMPARED = (
    "entrypoint",
    "description",
    "parameters",
    "job_variables",
    "parameter_openapi_schema",
    "concurrency",
    "path",
    "pull_steps",
)


def plan_deployments(client: SyncPrefectClient, specs: Sequence[DeploymentSpec]) -> Iterator[Change]:
    """Yield a change for each deployment and each of their schedules that is not there or not as the file says.

    Args:
        client: Of the server.
        specs: What must be there.
    """
    for spec in specs:
        subject = f"deployment {spec.full_name}"
        try:
            there = client.read_deployment_by_name(spec.full_name)
        except ObjectNotFound:
            yield Change(subject, Kind.MISSING, partial(_create, client, spec))
            continue
        fields = _differing(there, spec)
        if fields:
            # Without `schedules` those of the server stay as they are.
            update = partial(client.update_deployment, there.id, DeploymentUpdate(**_fields(spec)))
            yield Change(subject, Kind.DIFFERENT, update, fields)
        yield from plan_schedules(client, there, spec.full_name, spec.schedules)


def plan_abandoned(client: SyncPrefectClient, specs: Sequence[DeploymentSpec]) -> Iterator[Change]:
    """Yield a change for each schedule of this project's deployments that left the file.

    The deployments stay, with their runs: whoever wants them gone deletes them.

    Args:
        client: Of the server.
        specs: What is in the file.
    """
    names = {spec.full_name for spec in specs}
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    for there in client.read_deployments(deployment_filter=ours):
        name = f"{client.read_flow(there.flow_id).name}/{there.name}"
        if name not in names:
            yield from plan_schedules(client, there, name, [])


def list_paused(client: SyncPrefectClient, specs: Sequence[DeploymentSpec]) -> Iterator[str]:
    """Yield the names of the deployments and schedules of the file that somebody paused on the server.

    Args:
        client: Of the server.
        specs: What is in the file; what is not on the server is passed over.
    """
    for spec in specs:
        try:
            there = client.read_deployment_by_name(spec.full_name)
        except ObjectNotFound:
            continue
        if there.paused:
            yield f"deployment {spec.full_name}"
        yield from (schedule_subject(spec.full_name, found) for found in there.schedules if not found.active)


def default_store(store: str) -> str:
    """Return a store's URL as a worker in any folder can use it."""
    return store if "://" in store else str(Path(store).expanduser().resolve())


def _differing(there: DeploymentResponse, spec: DeploymentSpec) -> tuple[str, ...]:
    found, wanted = _there(there), _wanted(spec)
    differing = [name for name in COMPARED if found[name] != wanted[name]]
    if set(there.tags) != set(spec.tags):
        differing.append("tags")
    if there.work_pool_name != spec.work_pool.name:
        differing.append("work_pool")
    return tuple(differing)


def _there(deployment: DeploymentResponse) -> dict[str, Any]:
    limit, options = deployment.global_concurrency_limit, deployment.concurrency_options
    strategy = "ENQUEUE" if options is None else options.collision_strategy.value
    return {
        **{name: getattr(deployment, name) for name in COMPARED if name != "concurrency"},
        # A new deployment has an empty list.
        "pull_steps": deployment.pull_steps or None,
        "concurrency": None if limit is None else (limit.limit, strategy),
    }


def _wanted(spec: DeploymentSpec) -> dict[str, Any]:
    limit = spec.concurrency_limit
    return {
        "entrypoint": spec.entrypoint,
        "description": spec.description,
        "parameters": spec.parameters,
        "job_variables": spec.work_pool.job_variables,
        "parameter_openapi_schema": spec.parameter_schema(),
        "concurrency": None if limit is None else (limit.limit, limit.collision_strategy),
        # The flows are installed on the worker. `prefect deploy` names the folder that it was called in.
        "path": None,
        "pull_steps": None,
    }


def _fields(spec: DeploymentSpec) -> dict[str, Any]:
    limit = spec.concurrency_limit
    fields = {name: value for name, value in _wanted(spec).items() if name != "concurrency"}
    options = None if limit is None else ConcurrencyOptions(collision_strategy=limit.collision_strategy)
    return {
        **fields,
        "tags": spec.tags,
        "work_pool_name": spec.work_pool.name,
        "concurrency_limit": None if limit is None else limit.limit,
        "concurrency_options": options,
        "enforce_parameter_schema": True,
    }


def _create(client: SyncPrefectClient, spec: DeploymentSpec) -> None:
    flow_id = client.create_flow_from_name(spec.flow.name)
    schedules = [new_schedule(schedule) for schedule in spec.schedules]
    client.create_deployment(flow_id=flow_id, name=spec.name, schedules=schedules, **_fields(spec))
