"""The base job templates of the work pools: what a run gets on Docker and on Kubernetes."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from prefect.utilities.templating import apply_values, find_placeholders

from aepipe.deploy.apply.job_templates import pool_template

FOLDER = Path(__file__).parents[2] / "deploy"
TYPES = ["docker", "kubernetes"]
IMAGE = dict(re.findall(r"^(FROM|USER) (\S+)$", (FOLDER / "Dockerfile").read_text(), re.M))


def defaults(template: dict) -> dict:
    properties = template["variables"]["properties"]
    return {name: field["default"] for name, field in properties.items() if "default" in field}


def configuration(pool_type: str, pool: str = "aepipe-cpu") -> dict:
    """What a worker makes of the template where a deployment changes nothing."""
    template = pool_template(pool_type, pool)
    return apply_values(template["job_configuration"], defaults(template))


def pod(pool: str = "aepipe-cpu") -> dict:
    return configuration("kubernetes", pool)["job_manifest"]["spec"]["template"]["spec"]


@pytest.mark.parametrize("pool_type", TYPES)
def test_every_variable_is_declared_and_used(pool_type):
    template = pool_template(pool_type)
    used = {placeholder.name for placeholder in find_placeholders(template["job_configuration"])}
    assert used == set(template["variables"]["properties"])


@pytest.mark.parametrize("pool_type", TYPES)
def test_every_variable_explains_itself_and_has_a_default_that_it_allows(pool_type):
    properties = pool_template(pool_type)["variables"]["properties"]
    for name, field in properties.items():
        assert field["title"], name
        assert field["description"].endswith((".", "]")), name
        if "default" in field:
            jsonschema.validate(field["default"], field)


@pytest.mark.parametrize("pool_type", TYPES)
def test_the_files_are_as_json_writes_them(pool_type):
    text = (FOLDER / "pools" / f"{pool_type}.json").read_text()
    assert text == json.dumps(json.loads(text), indent=2) + "\n"


@pytest.mark.parametrize("pool_type", TYPES)
def test_a_dead_run_is_noticed_and_no_run_starts_a_server_of_its_own(pool_type):
    environment = defaults(pool_template(pool_type))["env"]
    assert environment["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"
    assert environment["PREFECT_SERVER_EPHEMERAL_ENABLED"] == "false"
    assert f"PREFECT_HOME={environment['PREFECT_HOME']}" in (FOLDER / "Dockerfile").read_text()


def test_a_docker_run_gets_the_secrets_that_its_worker_has(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the worker")
    environment = apply_values(defaults(pool_template("docker"))["env"], {})
    assert environment["AWS_SECRET_ACCESS_KEY"] == "of the worker"


def test_a_docker_run_can_do_no_more_than_it_must():
    made = configuration("docker")["container_create_kwargs"]
    assert made["user"] == IMAGE["USER"]
    assert (made["read_only"], made["cap_drop"]) == (True, ["ALL"])
    assert set(made["tmpfs"]) == {"/tmp"}
    assert made["shm_size"] == "1g"
    assert configuration("docker")["volumes"][0].endswith(":/var/lib/aepipe")


def test_a_docker_run_gets_a_gpu_where_it_asks_for_one():
    template = pool_template("docker")
    wish = [{"driver": "nvidia", "count": 1, "capabilities": [["gpu"]]}]
    made = apply_values(template["job_configuration"], {**defaults(template), "device_requests": wish})
    assert made["container_create_kwargs"]["device_requests"] == wish
    assert "device_requests" not in configuration("docker")["container_create_kwargs"]


def test_docker_sees_how_a_run_ended():
    # Without the output the Docker worker reads no exit code, and with the container that is gone.
    made = configuration("docker")
    assert (made["stream_output"], made["auto_remove"]) == (True, False)


def test_a_pod_can_do_no_more_than_it_must():
    (container,) = pod()["containers"]
    user, group = (int(number) for number in IMAGE["USER"].split(":"))
    expected = {"runAsNonRoot": True, "runAsUser": user, "runAsGroup": group, "fsGroup": group}
    assert pod()["securityContext"] == {**expected, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod()["automountServiceAccountToken"] is False
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/tmp", "/var/lib/aepipe", "/dev/shm"}


def test_a_pod_has_time_to_end_and_prefect_alone_starts_it_again():
    assert pod()["terminationGracePeriodSeconds"] == 60
    assert configuration("kubernetes")["job_manifest"]["spec"]["backoffLimit"] == 0


def test_a_pod_gets_the_store_from_a_secret_and_memory_to_share():
    (container,) = pod()["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "aepipe-store"}}]
    volumes = {volume["name"]: volume["emptyDir"] for volume in pod()["volumes"]}
    assert volumes["shared-memory"] == {"medium": "Memory", "sizeLimit": "1Gi"}


def test_only_trainings_ask_for_a_gpu():
    limits = {pool: pod(pool)["containers"][0]["resources"]["limits"] for pool in ("aepipe-cpu", "aepipe-gpu")}
    assert "nvidia.com/gpu" not in limits["aepipe-cpu"]
    assert limits["aepipe-gpu"]["nvidia.com/gpu"] == 1


@pytest.mark.parametrize("pool", ["aepipe-cpu", "aepipe-gpu"])
def test_kubernetes_takes_the_job(pool):
    validator = pytest.importorskip("kubernetes_validate")
    manifest = configuration("kubernetes", pool)["job_manifest"]
    # What the worker does to it: names, and the environment as a list.
    manifest["metadata"] = {"generateName": "run-", "namespace": "aepipe"}
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    container["env"] = [{"name": name, "value": value} for name, value in container["env"].items()]
    # Prefect demands these two where Kubernetes has no such field, and drops them.
    for misplaced in ("parallelism", "completions"):
        del manifest["spec"]["template"]["spec"][misplaced]
    validator.validate(manifest, "1.35", strict=True)
