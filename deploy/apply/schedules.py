"""The schedules of deployments: what differs between them and the file, and how it is mended."""

from collections.abc import Iterator, Sequence
from functools import partial

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule

from aepipe.deploy.apply.change import Change, Kind
from aepipe.deploy.apply.specification import ScheduleSpec


def plan_schedules(
    client: SyncPrefectClient, deployment: DeploymentResponse, full_name: str, specs: Sequence[ScheduleSpec]
) -> Iterator[Change]:
    """Yield a change for each schedule of a deployment that is not as the file says. One that is paused stays paused.

    Args:
        client: Of the server.
        deployment: As the server has it.
        full_name: Of its flow and itself.
        specs: The schedules that it should have, and no others.
    """
    wanted = {spec.slug: spec for spec in specs}
    for there in deployment.schedules:
        spec = wanted.pop(there.slug, None) if there.slug else None
        if spec is None:
            remove = partial(client.delete_deployment_schedule, deployment.id, there.id)
            yield Change(schedule_subject(full_name, there), Kind.SURPLUS, remove)
        elif (there.schedule, there.parameters) != (spec.schedule(), spec.parameters):
            replace = partial(_replace, client, deployment, there, spec)
            yield Change(schedule_subject(full_name, there), Kind.DIFFERENT, replace)
    for slug, spec in wanted.items():
        create = partial(client.create_deployment_schedules, deployment.id, [new_schedule(spec)])
        yield Change(f"schedule {full_name} {slug}", Kind.MISSING, create)


def new_schedule(spec: ScheduleSpec) -> DeploymentScheduleCreate:
    """Return a schedule as it is sent to the server."""
    return DeploymentScheduleCreate(
        schedule=spec.schedule(), active=spec.active, parameters=spec.parameters, slug=spec.slug
    )


def schedule_subject(full_name: str, there: DeploymentSchedule) -> str:
    """Return what a schedule on the server is called: what somebody made in the UI has no slug."""
    return f"schedule {full_name} {there.slug or _rule(there)}"


def _rule(there: DeploymentSchedule) -> str:
    rule = there.schedule
    if isinstance(rule, CronSchedule):
        return f"(cron {rule.cron})"
    if isinstance(rule, IntervalSchedule):
        return f"(interval {rule.interval})"
    return f"(rrule {rule.rrule})" if isinstance(rule, RRuleSchedule) else "(by no rule)"


def _replace(
    client: SyncPrefectClient, deployment: DeploymentResponse, there: DeploymentSchedule, spec: ScheduleSpec
) -> None:
    # The runs that it has made and that have not begun go with it.
    client.delete_deployment_schedule(deployment.id, there.id)
    new = new_schedule(spec).model_copy(update={"active": there.active})
    client.create_deployment_schedules(deployment.id, [new])
