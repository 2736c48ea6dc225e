"""A real Prefect server is brought to the file, and left alone where it is so already."""

from collections.abc import Callable

import pytest
import yaml
from command_line import app
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from typer.testing import CliRunner

from aepipe.deploy.apply.everything import apply_all, check_all
from aepipe.deploy.apply.job_templates import POOLS, pool_template
from aepipe.deploy.apply.job_variables import closed
from aepipe.errors import ParameterError

OWN_ENVIRONMENT = {"env": {"AWS_PROFILE": "models"}}
NIGHTLY = {
    "name": "nightly",
    "entrypoint": "aepipe.flows.pipeline.pipeline",
    "description": "Every night.",
    "tags": ["aepipe"],
    "work_pool": {"name": "aepipe-cpu", "job_variables": OWN_ENVIRONMENT},
    "parameters": {"store": "{{ $AEPIPE_STORE }}", "preset": "quick"},
    "schedules": [{"slug": "night", "cron": "0 2 * * *", "timezone": "Europe/Paris", "parameters": {"preset": "full"}}],
    "concurrency_limit": {"limit": 1, "collision_strategy": "CANCEL_NEW"},
}
WITHOUT_SCHEDULES = {**NIGHTLY, "schedules": []}
WITHOUT_LIMIT = {name: value for name, value in NIGHTLY.items() if name != "concurrency_limit"}
FULL_NAME = "pipeline/nightly"
CRASH = ["aepipe: crash runs whose process is gone", "aepipe: crash runs that never began"]


@pytest.fixture
def apply(client, tmp_path) -> Callable[..., list[str]]:
    """Applies these deployments, or the project's own, and returns the lines."""

    def apply(*entries: dict, check: bool = False, notify: str | None = None) -> list[str]:
        file = tmp_path / "mine.yaml"
        file.write_text(yaml.safe_dump({"deployments": list(entries)}))
        command = check_all if check else apply_all
        return list(command(client, "s3://models/aepipe", "process", notify, file if entries else None))

    return apply


@pytest.fixture
def nightly(client) -> Callable[[], DeploymentResponse]:
    """Reads the deployment back."""
    return lambda: client.read_deployment_by_name(FULL_NAME)


def times(client: SyncPrefectClient) -> dict[str, object]:
    """When everything on the server was last changed, and when the runs that its schedules made are to start."""
    deployments = client.read_deployments()
    things = [*deployments, *client.read_work_pools(), *(s for found in deployments for s in found.schedules)]
    automations = client.request("POST", "/automations/filter").json()
    return (
        {str(thing.id): thing.updated for thing in things}
        | {automation["id"]: automation["updated"] for automation in automations}
        | {str(run.id): run.expected_start_time for run in client.read_flow_runs()}
    )


def make_scheduled_runs(client: SyncPrefectClient) -> int:
    """Do what the server does every minute."""
    for deployment in client.read_deployments():
        client.request("POST", "/deployments/{id}/schedule", path_params={"id": deployment.id}, json={"min_runs": 3})
    return len(client.read_flow_runs())


def test_an_empty_server_gets_everything(apply, client):
    lines = apply()
    names = {deployment.name for deployment in client.read_deployments()}
    assert {"nightly", "on-demand", "gpu", "weekly", "promote", "rollback", "verify", "prune"} == names
    assert {pool.name for pool in client.read_work_pools()} == {"aepipe-cpu", "aepipe-gpu"}
    assert {automation.name for automation in client.read_automations()} == set(CRASH)
    assert len(lines) == 2 + len(client.read_deployments()) + 2
    assert all(line.endswith(": created") for line in lines)


def test_what_is_there_is_as_the_file_says(apply, client, nightly):
    apply(NIGHTLY)
    found = nightly()
    assert found.parameters == {"store": "s3://models/aepipe", "preset": "quick"}
    assert found.job_variables == {"env": {"AWS_PROFILE": "models"}}
    assert (found.description, found.tags, found.work_pool_name) == ("Every night.", ["aepipe"], "aepipe-cpu")
    assert found.global_concurrency_limit.limit == 1
    assert found.concurrency_options.collision_strategy == "CANCEL_NEW"
    assert found.enforce_parameter_schema
    schedule = found.schedules[0]
    assert schedule.schedule == CronSchedule(cron="0 2 * * *", timezone="Europe/Paris")
    assert (schedule.slug, schedule.active, schedule.parameters) == ("night", True, {"preset": "full"})
    assert client.read_work_pool("aepipe-gpu").base_job_template == closed(pool_template("process", "aepipe-gpu"), [])


def test_a_second_time_changes_nothing(apply, client):
    apply()
    # Three runs for each of the three schedules.
    assert make_scheduled_runs(client) == 9
    before = times(client)
    assert apply() == []
    assert times(client) == before


def test_check_says_the_same_and_changes_nothing(apply, client):
    lines = apply(check=True)
    assert {line.rpartition(": ")[2] for line in lines} == {"missing"}
    assert times(client) == {}
    assert len(lines) == len(apply())


def test_what_was_changed_by_hand_is_brought_back(apply, client, nightly):
    apply(NIGHTLY)
    before = nightly()
    changes = {
        "parameters": {"store": "elsewhere"},
        "description": "Changed in the UI.",
        "job_variables": {
            "env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30", "PREFECT_LOGGING_EXTRA_LOGGERS": "aepipe"}
        },
        "tags": ["mine"],
        "entrypoint": "aepipe.flows.train.train",
        "concurrency_limit": 7,
        "work_pool_name": "aepipe-gpu",
        "parameter_openapi_schema": {"type": "object", "properties": {}},
        # As `prefect deploy` sets them.
        "path": ".",
        "pull_steps": [{"prefect.deployments.steps.set_working_directory": {"directory": "/home/me"}}],
    }
    client.update_deployment(before.id, DeploymentUpdate(**changes))
    differing = (
        "entrypoint, description, parameters, job_variables, parameter_openapi_schema, concurrency, path, pull_steps, "
        "tags, work_pool"
    )
    assert apply(NIGHTLY, check=True) == [f"deployment {FULL_NAME}: differs in {differing}"]
    assert nightly().tags == ["mine"]
    assert apply(NIGHTLY) == [f"deployment {FULL_NAME}: updated {differing}"]
    now = nightly()
    assert not now.pull_steps
    for name in changes.keys() - {"concurrency_limit", "pull_steps"}:
        assert getattr(now, name) == getattr(before, name)
    assert now.global_concurrency_limit.limit == 1
    assert apply(NIGHTLY) == []


def test_another_strategy_is_brought_back(apply, client, nightly):
    apply(NIGHTLY)
    other = ConcurrencyOptions(collision_strategy="ENQUEUE")
    client.update_deployment(nightly().id, DeploymentUpdate(concurrency_options=other))
    assert apply(NIGHTLY) == [f"deployment {FULL_NAME}: updated concurrency"]
    assert nightly().concurrency_options.collision_strategy == "CANCEL_NEW"


def test_a_limit_that_left_the_file_is_gone(apply, client, nightly):
    apply(NIGHTLY)
    assert apply(WITHOUT_LIMIT) == [f"deployment {FULL_NAME}: updated concurrency"]
    assert nightly().global_concurrency_limit is None
    assert nightly().concurrency_options is None
    assert client.read_global_concurrency_limits() == []
    assert apply(WITHOUT_LIMIT) == []
    apply(NIGHTLY)
    assert nightly().global_concurrency_limit.limit == 1


def test_a_schedule_that_left_the_file_is_gone_with_its_runs(apply, client, nightly):
    apply(NIGHTLY)
    assert make_scheduled_runs(client) == 3
    assert apply(WITHOUT_SCHEDULES) == [f"schedule {FULL_NAME} night: removed"]
    assert nightly().schedules == []
    assert client.read_flow_runs() == []


def test_a_schedule_that_somebody_made_by_hand_is_gone(apply, client, nightly):
    apply(NIGHTLY)
    own = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 3 * * *", timezone="UTC"), active=True)
    client.create_deployment_schedules(nightly().id, [own])
    assert apply(NIGHTLY, check=True) == [f"schedule {FULL_NAME} (cron 0 3 * * *): not in the file"]
    assert apply(NIGHTLY) == [f"schedule {FULL_NAME} (cron 0 3 * * *): removed"]
    assert [schedule.slug for schedule in nightly().schedules] == ["night"]


def test_a_changed_schedule_is_updated_and_its_runs_are_made_anew(apply, client, nightly):
    apply(NIGHTLY)
    for change in ({"cron": "0 3 * * *"}, {"timezone": "UTC"}, {"parameters": {}}):
        make_scheduled_runs(client)
        wanted = {**NIGHTLY["schedules"][0], **change}
        assert apply({**NIGHTLY, "schedules": [wanted]}) == [f"schedule {FULL_NAME} night: updated"]
        schedule = nightly().schedules[0]
        assert schedule.schedule == CronSchedule(cron=wanted["cron"], timezone=wanted["timezone"])
        assert (schedule.parameters, schedule.active) == (wanted["parameters"], True)
        assert client.read_flow_runs() == []


def test_a_schedule_that_somebody_paused_stays_paused_and_is_named(apply, client, nightly):
    plain = {"slug": "night", "cron": "0 2 * * *", "timezone": "UTC"}
    apply({**NIGHTLY, "schedules": [plain]})
    client.update_deployment_schedule(nightly().id, nightly().schedules[0].id, active=False)
    paused = f"schedule {FULL_NAME} night: paused, and left so"
    assert apply({**NIGHTLY, "schedules": [plain]}) == [paused]
    moved = {**NIGHTLY, "schedules": [{**plain, "cron": "0 3 * * *"}]}
    assert apply(moved) == [f"schedule {FULL_NAME} night: updated", paused]
    assert not nightly().schedules[0].active
    # To be paused is no difference from the file.
    assert apply(moved, check=True) == []


def test_parameters_that_a_schedule_lost_when_it_was_paused_come_back(apply, client, nightly):
    apply(NIGHTLY)
    client.update_deployment_schedule(nightly().id, nightly().schedules[0].id, active=False)
    # Prefect's server takes an update without parameters for one with none.
    assert nightly().schedules[0].parameters == {}
    apply(NIGHTLY)
    assert (nightly().schedules[0].parameters, nightly().schedules[0].active) == ({"preset": "full"}, False)


def test_a_deployment_that_somebody_paused_stays_paused_and_is_named(apply, client, nightly):
    apply(NIGHTLY)
    client.pause_deployment(nightly().id)
    assert f"deployment {FULL_NAME}: paused, and left so" in apply({**NIGHTLY, "description": "Changed."})
    assert nightly().paused


def test_a_schedule_that_is_to_start_paused_does(apply, nightly):
    apply({**NIGHTLY, "schedules": [{**NIGHTLY["schedules"][0], "active": False}]})
    assert not nightly().schedules[0].active


def test_a_deployment_that_left_the_file_no_longer_starts_by_itself(apply, client, nightly):
    apply(NIGHTLY)
    other = {**NIGHTLY, "name": "other"}
    assert apply(other, check=True)[1:] == [f"schedule {FULL_NAME} night: not in the file"]
    assert f"schedule {FULL_NAME} night: removed" in apply(other)
    assert nightly().schedules == []
    assert apply(other) == []


def test_deployments_of_others_are_left_alone(apply, client):
    flow = client.create_flow_from_name("theirs")
    daily = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 3 * * *", timezone="UTC"), active=True)
    client.create_deployment(flow_id=flow, name="daily", schedules=[daily], tags=["theirs"])
    apply(NIGHTLY)
    assert len(client.read_deployment_by_name("theirs/daily").schedules) == 1


def test_a_pools_template_and_description_are_brought_back(apply, client):
    apply(NIGHTLY)
    template = closed(pool_template("process"), [OWN_ENVIRONMENT])
    template["variables"]["properties"]["stream_output"]["default"] = True
    client.update_work_pool("aepipe-cpu", WorkPoolUpdate(base_job_template=template))
    client.update_work_pool("aepipe-gpu", WorkPoolUpdate(description="Mine."))
    assert apply(NIGHTLY) == ["work pool aepipe-cpu: updated", "work pool aepipe-gpu: updated"]
    assert client.read_work_pool("aepipe-cpu").base_job_template == closed(pool_template("process"), [OWN_ENVIRONMENT])
    assert client.read_work_pool("aepipe-gpu").description != "Mine."


def test_a_pool_keeps_how_many_runs_it_takes_and_whether_it_is_paused(apply, client):
    apply(NIGHTLY)
    client.update_work_pool("aepipe-cpu", WorkPoolUpdate(concurrency_limit=3, is_paused=True, description="Mine."))
    apply(NIGHTLY)
    pool = client.read_work_pool("aepipe-cpu")
    assert (pool.concurrency_limit, pool.is_paused) == (3, True)


def test_a_pool_of_another_type_is_refused_in_one_line(apply, client):
    client.create_work_pool(WorkPoolCreate(name="aepipe-cpu", type="kubernetes"))
    with pytest.raises(
        ParameterError, match=r"keeps its type\. Received: pool='aepipe-cpu', type='process'\."
    ) as refusal:
        apply(NIGHTLY)
    assert str(refusal.value).endswith("or name its type: --pools kubernetes.")
    assert client.read_deployments() == []


def test_what_the_file_has_wrong_leaves_the_server_as_it_is(apply, client):
    with pytest.raises(ParameterError):
        apply(NIGHTLY, {**NIGHTLY, "name": "other", "parameters": {"nope": 1}})
    assert times(client) == {}


def test_the_command_says_what_differs_and_exits_with_1_until_it_is_applied(client, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({"deployments": [NIGHTLY]}))

    def run(*options: str) -> tuple[int, list[str]]:
        result = CliRunner().invoke(app, ["apply", "--store", "s3://models/aepipe", "--file", str(file), *options])
        return result.exit_code, result.output.splitlines()

    pools = [f"work pool {name}: missing" for name in POOLS]
    automations = [f"automation {name}: missing" for name in CRASH]
    assert run("--check") == (1, [*pools, f"deployment {FULL_NAME}: missing", *automations])
    assert run()[0] == 0
    for options in ((), ("--check",)):
        assert run(*options) == (0, ["Everything is as in the file."])
    client.pause_deployment(client.read_deployment_by_name(FULL_NAME).id)
    assert run() == (0, [f"deployment {FULL_NAME}: paused, and left so"])
    assert run("--check")[0] == 0
