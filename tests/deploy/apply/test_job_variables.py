"""What a run may choose of how it is started, asked of a real server as a page in a browser asks it."""

import copy

import jsonschema
import pytest
from prefect.exceptions import PrefectHTTPStatusError

from aepipe.deploy.apply.change import mend_all
from aepipe.deploy.apply.deployments import plan_deployments
from aepipe.deploy.apply.job_templates import POOLS, pool_template
from aepipe.deploy.apply.job_variables import CHOSEN_BY_RUNS, closed
from aepipe.deploy.apply.specification import DeploymentSpec, PoolReference
from aepipe.deploy.apply.work_pools import plan_pools

TYPES = ["process", "docker", "kubernetes"]
# What each would let a run do: any command, any image, the host's folders and network, other secrets and rights.
DANGEROUS = {
    "process": {
        "command": "id",
        "working_dir": "/etc",
        "env": {"LD_PRELOAD": "/tmp/x.so"},
        "env.LD_PRELOAD": "/tmp/x.so",
        "name": "x",
        "labels": {"a": "b"},
        "nothing": 1,
    },
    "docker": {
        "command": "id",
        "image": "evil",
        "env": {"AWS_PROFILE": "mine"},
        "volumes": ["/:/host"],
        "networks": ["other"],
        "network_mode": "host",
        "privileged": True,
        "device_requests": [{"driver": "nvidia", "count": -1}],
        "container_create_kwargs": {"pid_mode": "host"},
        "image_pull_policy": "Always",
        "scratch_size": "4g,exec",
        "mem_limit": "{{ $AWS_SECRET_ACCESS_KEY }}",
        "auto_remove": True,
    },
    "kubernetes": {
        "command": "id",
        "image": "evil",
        "env": {"AWS_PROFILE": "mine"},
        "namespace": "kube-system",
        "service_account_name": "admin",
        "store_secret": "prefect-database",
        "image_pull_secrets": [{"name": "other"}],
        "annotations": {"vault": "yes"},
        "labels": {"app": "prefect-server"},
        "node_selector": {"node-role.kubernetes.io/control-plane": ""},
        "tolerations": [{"operator": "Exists"}],
        "job_manifest": {},
        "cpu_limit": "{{ prefect.blocks.secret.x }}",
        "pod_watch_timeout_seconds": 1,
    },
}
HARMLESS = {
    "process": {"stream_output": True},
    "docker": {"mem_limit": "8g", "nano_cpus": 2_000_000_000, "shared_memory": "1g"},
    "kubernetes": {"gpu": 2, "cpu_request": "500m", "memory_limit": "16Gi", "scratch_size": "1.5Gi"},
}
CASES = [(pool_type, name, value) for pool_type, each in DANGEROUS.items() for name, value in each.items()]


def schema(pool_type: str, *named: dict) -> dict:
    return closed(pool_template(pool_type, "aepipe-gpu"), named)["variables"]


@pytest.mark.parametrize(("pool_type", "name", "value"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_a_run_can_not_choose_what_nobody_named_for_it(pool_type, name, value):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({name: value}, schema(pool_type))


@pytest.mark.parametrize("pool_type", TYPES)
def test_a_run_can_choose_its_resources(pool_type):
    jsonschema.validate(HARMLESS[pool_type], schema(pool_type))
    assert HARMLESS[pool_type].keys() <= CHOSEN_BY_RUNS


@pytest.mark.parametrize("pool_type", TYPES)
def test_the_defaults_pass_and_what_is_filled_in_is_declared(pool_type):
    made = closed(pool_template(pool_type), [])
    properties = made["variables"]["properties"]
    jsonschema.validate(
        {n: field["default"] for n, field in properties.items() if "default" in field}, made["variables"]
    )
    assert made["variables"]["additionalProperties"] is False
    assert all(name in properties for name in _placeholders(made["job_configuration"]))


def test_what_a_deployment_names_a_run_may_have_and_nothing_else():
    own = {"volumes": ["aepipe-jobs:/var/lib/aepipe", "/srv/images:/data:ro"], "network_mode": "bridge"}
    jsonschema.validate(own, schema("docker", own))
    for other in ({"volumes": ["/:/host"]}, {"network_mode": "host"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(other, schema("docker", own))


def test_the_template_itself_stays_as_it_is():
    template = pool_template("docker")
    before = copy.deepcopy(template)
    closed(template, [{"image": "mine"}])
    assert template == before


@pytest.fixture
def create(client):
    """Creates a run of a deployment, with credentials or without, as the page of a case does."""
    named = {"env": {"AWS_PROFILE": "models"}}
    pool = PoolReference(name="aepipe-cpu", job_variables=named)
    spec = DeploymentSpec(
        name="verify", entrypoint="aepipe.flows.releases.verify_release", work_pool=pool, tags=["aepipe"]
    )
    assert len(list(mend_all(plan_pools(client, "process", [spec])))) == len(POOLS)
    assert list(mend_all(plan_deployments(client, [spec])))
    there = client.read_deployment_by_name(spec.full_name)

    def create(job_variables: dict) -> int:
        body = {"state": {"type": "SCHEDULED"}, "job_variables": job_variables}
        path = "/deployments/{id}/create_flow_run"
        return client.request("POST", path, path_params={"id": str(there.id)}, json=body).status_code

    return create


@pytest.mark.parametrize("name", DANGEROUS["process"])
def test_a_server_refuses_such_a_run(create, client, name):
    with pytest.raises(PrefectHTTPStatusError) as refusal:
        create({name: DANGEROUS["process"][name]})
    assert refusal.value.response.status_code in (409, 422)
    assert client.read_flow_runs() == []


def test_a_server_takes_a_run_with_what_its_deployment_names(create, client):
    assert create({"stream_output": True}) == create({"env": {"AWS_PROFILE": "models"}}) == create({}) == 201
    assert len(client.read_flow_runs()) == 3


def _placeholders(content) -> set[str]:
    if isinstance(content, dict):
        return {name for value in content.values() for name in _placeholders(value)}
    if isinstance(content, list):
        return {name for value in content for name in _placeholders(value)}
    is_one = isinstance(content, str) and content.startswith("{{ ") and content.endswith(" }}")
    return {content[3:-3]} if is_one else set()
