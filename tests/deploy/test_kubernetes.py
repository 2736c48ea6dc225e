"""The manifests, and the values of Prefect's charts: what they name exists, and they agree with each other."""

import re
from pathlib import Path

import pytest
import typer
import yaml
from command_line import app

from aepipe.deploy.apply.job_templates import POOLS, pool_template
from aepipe.inference.serve.settings import ServeSettings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
VERSION = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M).group(1)
MANIFESTS = [
    manifest
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for manifest in yaml.safe_load_all(path.read_text())
]
SERVER = yaml.safe_load((DEPLOY / "helm" / "server-values.yaml").read_text())
WORKER = yaml.safe_load((DEPLOY / "helm" / "worker-values.yaml").read_text())
GPU_WORKER = yaml.safe_load((DEPLOY / "helm" / "worker-gpu-values.yaml").read_text())
TEMPLATE = pool_template("kubernetes")["variables"]["properties"]
DOCKER_ENVIRONMENT = pool_template("docker")["variables"]["properties"]["env"]["default"]


def named(kind: str) -> dict[str, dict]:
    return {manifest["metadata"]["name"]: manifest for manifest in MANIFESTS if manifest["kind"] == kind}


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest["metadata"]["name"])
def test_kubernetes_takes_the_manifest(manifest):
    pytest.importorskip("kubernetes_validate").validate(manifest, "1.35", strict=True)


def test_everything_is_in_one_namespace():
    (namespace,) = named("Namespace")
    assert {manifest["metadata"].get("namespace", namespace) for manifest in MANIFESTS} == {namespace}
    assert TEMPLATE["namespace"]["default"] == namespace


def test_the_example_has_every_secret_that_something_reads():
    secrets = {name: set(manifest["stringData"]) for name, manifest in named("Secret").items()}
    database = SERVER["externalDatabase"]
    assert database["connectionStringSecretKey"] in secrets[database["existingSecret"]]
    for values in (SERVER["server"], WORKER["worker"]["selfHostedServerApiConfig"]):
        # The charts read this key.
        assert "auth-string" in secrets[values["basicAuth"]["existingSecret"]]
    assert "AWS_SECRET_ACCESS_KEY" in secrets[TEMPLATE["store_secret"]["default"]]


def test_the_example_has_every_setting_that_a_docker_worker_hands_to_its_runs():
    handed = {name for name, value in DOCKER_ENVIRONMENT.items() if value == f"{{{{ ${name} }}}}"}
    assert handed - {"AWS_SESSION_TOKEN"} <= set(named("Secret")[TEMPLATE["store_secret"]["default"]]["stringData"])


def test_the_example_has_no_password():
    for name, manifest in named("Secret").items():
        for key, value in manifest["stringData"].items():
            assert value == "" or key in ("AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3"), (name, key)


def test_the_server_keeps_its_leases_on_a_claim_that_exists():
    (volume,) = SERVER["server"]["extraVolumes"]
    (mount,) = SERVER["server"]["extraVolumeMounts"]
    assert volume["persistentVolumeClaim"]["claimName"] in named("PersistentVolumeClaim")
    assert mount["name"] == volume["name"]
    home = re.search(r"PREFECT_HOME=(\S+)", (DEPLOY / "Dockerfile").read_text()).group(1)
    assert home.startswith(mount["mountPath"])


def test_the_server_has_the_settings_that_it_has_in_compose():
    of_compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["server"]["environment"]
    for variable in SERVER["server"]["env"]:
        assert variable["value"] == re.sub(r"\$\{\w+:-(.*)\}", r"\1", of_compose[variable["name"]]), variable["name"]


def test_each_pool_has_a_worker_of_its_own_name():
    workers = [WORKER, GPU_WORKER]
    assert [values["worker"]["config"]["workPool"] for values in workers] == list(POOLS)
    assert len({values["fullnameOverride"] for values in workers}) == len(workers)


def test_the_images_are_those_of_the_project_and_of_its_prefect():
    image = SERVER["global"]["prefect"]["image"]
    (job,) = named("Job").values()
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert f"{image['repository']}:{image['prefectTag']}" == container["image"] == f"aepipe:{VERSION}"
    assert TEMPLATE["image"]["default"] == f"aepipe:{VERSION}"
    locked = re.search(r"^prefect==(\S+)", (DEPLOY / "requirements" / "runtime.lock").read_text(), re.M).group(1)
    assert WORKER["worker"]["image"]["prefectTag"].startswith(f"{locked}-")


def test_the_job_that_applies_is_a_command_and_reaches_the_server():
    (job,) = named("Job").values()
    (container,) = job["spec"]["template"]["spec"]["containers"]
    _, name, *options = container["args"]
    typer.main.get_command(app).commands[name].make_context(name, options)
    environment = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert environment["PREFECT_API_URL"] == WORKER["worker"]["selfHostedServerApiConfig"]["apiUrl"]


def test_a_served_model_is_a_command_with_a_token_that_is_a_secret():
    (deployment,) = named("Deployment").values()
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    assert container["image"] == f"aepipe:{VERSION}"
    _, name, *options = container["args"]
    chosen = typer.main.get_command(app).commands[name].make_context(name, options).params
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "token"]
    (volume,) = [volume for volume in pod["spec"]["volumes"] if volume["name"] == "token"]
    assert f"{mount['mountPath']}/token" == str(chosen["token_file"])
    assert "token" in named("Secret")[volume["secret"]["secretName"]]["stringData"]
    assert container["envFrom"][0]["secretRef"]["name"] in named("Secret")
    (port,) = container["ports"]
    assert port["containerPort"] == chosen["port"]
    (service,) = named("Service").values()
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]


def test_a_served_model_has_the_time_that_its_requests_have():
    (deployment,) = named("Deployment").values()
    grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > ServeSettings().drain_seconds
