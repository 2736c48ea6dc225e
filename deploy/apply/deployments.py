"""Bringing a Prefect server to what the files of this folder say; what is so already is left alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyOptions, DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from aepipe.deploy.apply.change import Change
from aepipe.deploy.apply.job_variables import closed
from aepipe.deploy.apply.specification import DeploymentSpec, ScheduleSpec
from aepipe.deploy.apply.work_pools import POOLS, PoolType, pool_template
from aepipe.errors import ParameterError

TAG = "aepipe"
PAUSED = "paused, and left so"
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


def apply_pools(
    client: SyncPrefectClient, pool_type: PoolType, specs: Sequence[DeploymentSpec], check: bool
) -> Iterator[Change]:
    """Create or update the work pools; yield a change for each that was not as it should be.

    Args:
        client: Of the server.
        pool_type: What runs the flows: processes of the worker's machine, Docker or Kubernetes.
        specs: The deployments, whose job variables runs may have, too.
        check: Change nothing.

    Raises:
        ParameterError: a pool is there with another type, which can't be changed.
    """
    for name, description in POOLS.items():
        named = [spec.work_pool.job_variables for spec in specs if spec.work_pool.name == name]
        template = closed(pool_template(pool_type, name), named)
        try:
            pool = client.read_work_pool(name)
        except ObjectNotFound:
            yield Change(f"work pool {name}", "missing" if check else "created")
            if not check:
                create = WorkPoolCreate(name=name, type=pool_type, description=description, base_job_template=template)
                client.create_work_pool(create)
            continue
        if pool.type != pool_type:
            way_out = f"Drain it and delete it: prefect work-pool delete {name}; or name its type: --pools {pool.type}."
            raise ParameterError("A work pool keeps its type.", way_out, pool=name, type=pool_type)
        if (pool.base_job_template, pool.description) != (template, description):
            yield Change(f"work pool {name}", "not as in the file" if check else "updated")
            if not check:
                client.update_work_pool(name, WorkPoolUpdate(description=description, base_job_template=template))


def apply_deployments(client: SyncPrefectClient, specs: list[DeploymentSpec], check: bool) -> Iterator[Change]:
    """Create or update deployments and remove schedules that left the file; yield a change for each change.

    A schedule that somebody paused stays paused.

    Args:
        client: Of the server.
        specs: What must be there.
        check: Change nothing.
    """
    for spec in specs:
        try:
            there = client.read_deployment_by_name(spec.full_name)
        except ObjectNotFound:
            yield Change(f"deployment {spec.full_name}", "missing" if check else "created")
            if not check:
                _create(client, spec)
            continue
        found, wanted = _there(there), _wanted(spec)
        differing = [name for name in COMPARED if found[name] != wanted[name]]
        if set(there.tags) != set(spec.tags):
            differing.append("tags")
        if there.work_pool_name != spec.work_pool.name:
            differing.append("work_pool")
        if differing:
            what = f"{'differs in' if check else 'updated'} {', '.join(differing)}"
            yield Change(f"deployment {spec.full_name}", what)
        if differing and not check:
            _update(client, there, spec)
        yield from _apply_schedules(client, there, spec.full_name, spec.schedules, check)


def silence_deployments(client: SyncPrefectClient, specs: list[DeploymentSpec], check: bool) -> Iterator[Change]:
    """Remove the schedules of this project's deployments that left the file; yield a change for each.

    The deployments stay, with their runs: whoever wants them gone deletes them.

    Args:
        client: Of the server.
        specs: What is in the file.
        check: Change nothing.
    """
    names = {spec.full_name for spec in specs}
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    for there in client.read_deployments(deployment_filter=ours):
        name = f"{client.read_flow(there.flow_id).name}/{there.name}"
        if name not in names:
            yield from _apply_schedules(client, there, name, [], check)


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


def _there(deployment: DeploymentResponse) -> dict[str, Any]:
    limit, options = deployment.global_concurrency_limit, deployment.concurrency_options
    strategy = "ENQUEUE" if options is None else options.collision_strategy.value
    return {
        **{name: getattr(deployment, name) for name in COMPARED if name != "concurrency"},
        # A new deployment has an empty list.
        "pull_steps": deployment.pull_steps or None,
        "concurrency": None if limit is None else (limit.limit, strategy),
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
    schedules = [
        DeploymentScheduleCreate(
            schedule=wanted.schedule(), active=wanted.active, parameters=wanted.parameters, slug=wanted.slug
        )
        for wanted in spec.schedules
    ]
    flow_id = client.create_flow_from_name(spec.flow.name)
    client.create_deployment(flow_id=flow_id, name=spec.name, schedules=schedules, **_fields(spec))


def _update(client: SyncPrefectClient, there: DeploymentResponse, spec: DeploymentSpec) -> None:
    # Without `schedules` those of the server stay as they are.
    client.update_deployment(there.id, DeploymentUpdate(**_fields(spec)))


def _apply_schedules(
    client: SyncPrefectClient, there: DeploymentResponse, name: str, schedules: Sequence[ScheduleSpec], check: bool
) -> Iterator[Change]:
    wanted = {schedule.slug: schedule for schedule in schedules}
    for found in there.schedules:
        want = wanted.pop(found.slug, None)
        if want is None:
            yield Change(f"schedule {name} {_title(found)}", "not in the file" if check else "removed")
            if not check:
                client.delete_deployment_schedule(there.id, found.id)
        elif (found.schedule, found.parameters) != (want.schedule(), want.parameters):
            yield Change(f"schedule {name} {found.slug}", "not as in the file" if check else "updated")
            if not check:
                client.delete_deployment_schedule(there.id, found.id)
                _create_schedule(client, there, want, found.active)
    for want in wanted.values():
        yield Change(f"schedule {name} {want.slug}", "missing" if check else "created")
        if not check:
            _create_schedule(client, there, want, want.active)


def _title(found: DeploymentSchedule) -> str:
    # What somebody made in the UI has no slug.
    kind = str(found.schedule.__class__.__name__).removesuffix("Schedule").lower()
    return found.slug or f"({kind} {getattr(found.schedule, kind)})"


def _create_schedule(
    client: SyncPrefectClient, deployment: DeploymentResponse, want: ScheduleSpec, active: bool
) -> None:
    create = DeploymentScheduleCreate(
        schedule=want.schedule(), active=active, parameters=want.parameters, slug=want.slug
    )
    client.create_deployment_schedules(deployment.id, [create])


def paused(client: SyncPrefectClient, specs: list[DeploymentSpec]) -> Iterator[Change]:
    """Yield a change for each deployment and schedule of the file that somebody paused on the server."""
    for spec in specs:
        there = client.read_deployment_by_name(spec.full_name)
        if there.paused:
            yield Change(f"deployment {spec.full_name}", PAUSED)
        for found in there.schedules:
            if not found.active:
                yield Change(f"schedule {spec.full_name} {_title(found)}", PAUSED)


def default_store(store: str) -> str:
    """Return a store's URL as a worker in any folder can use it."""
    return store if "://" in store else str(Path(store).expanduser().resolve())
