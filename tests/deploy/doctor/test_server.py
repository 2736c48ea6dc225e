"""What is found of Prefect servers, and of what is on one."""

import http.server
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate, WorkPoolUpdate, WorkQueueUpdate
from prefect.client.schemas.objects import WorkQueue
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_REQUEST_TIMEOUT,
    PREFECT_API_URL,
    temporary_settings,
)
from prefect.states import Scheduled
from servers.proxy import serving
from servers.server import free_ports

from aepipe.deploy.apply.automations import names_that_notify
from aepipe.deploy.apply.deployments import plan_deployments
from aepipe.deploy.apply.everything import apply_all
from aepipe.deploy.apply.specification import FILE, DeploymentSpec
from aepipe.deploy.doctor.finding import Finding
from aepipe.deploy.doctor.server import QUICK, check_server, judge_change, judge_version

STORE = "s3://models/aepipe"
APPLY = f"Run: aepipe apply --store {STORE}"


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """Some of the deployments: a server takes seconds for all of them."""
    content = yaml.safe_load(FILE.read_text())
    content["deployments"] = [
        entry for entry in content["deployments"] if entry["name"] in ("nightly", "gpu", "weekly")
    ]
    file = tmp_path_factory.mktemp("deployments") / "small.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


def look(file: Path | None, store: str = STORE) -> dict[str, Finding]:
    findings = list(check_server(store, "process", file))
    assert len({finding.subject for finding in findings}) == len(findings)
    assert all(bool(finding.way_out) == (finding.state != "ok") for finding in findings)
    return {finding.subject: finding for finding in findings}


def not_ok(file: Path, store: str = STORE) -> dict[str, Finding]:
    """What is found, but that nobody is told of trouble, and that the tests' server asks for no credentials."""
    found = look(file, store)
    states = {found.pop(subject).state for subject in ("automations", "Prefect credentials")}
    assert states == {"warning"}
    assert found.pop("web pages").state == "broken"
    return {subject: finding for subject, finding in found.items() if finding.state != "ok"}


@pytest.fixture
def applied(client, small) -> SyncPrefectClient:
    """A server that is as the file says, with a worker for each pool."""
    list(apply_all(client, STORE, "process", None, small))
    for pool in ("aepipe-cpu", "aepipe-gpu"):
        client.send_worker_heartbeat(pool, f"worker-of-{pool}", 300)
    return client


class Answers(http.server.BaseHTTPRequestHandler):
    """Says the same to everything but a request for the version."""

    def do_GET(self):
        if not self.path.endswith("/version"):
            return self.answer(500, "")
        return self.answer(*(self.server.to_get if self.headers.get("Authorization") else self.server.to_anybody))

    def do_POST(self):
        self.answer(500, "")

    def answer(self, status: int, body: str):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def look_at(to_get: tuple[int, str], to_anybody: tuple[int, str], auth: str | None = "user:geheim") -> list[Finding]:
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)) as server:
        server.to_get, server.to_anybody = to_get, to_anybody
        url = f"http://127.0.0.1:{server.server_port}/api"
        with temporary_settings({PREFECT_API_URL: url, PREFECT_API_AUTH_STRING: auth}):
            return list(check_server(STORE, "process", None))


def test_no_server_is_one_finding_without_its_password():
    url = f"http://user:geheim@127.0.0.1:{free_ports(1)[0]}/api"
    with temporary_settings({PREFECT_API_URL: url}):
        (finding,) = check_server(STORE, "process", None)
    assert (finding.state, finding.subject) == ("broken", "Prefect API")
    assert "must answer" in finding.finding
    assert "geheim" not in repr(finding)


def test_a_server_must_be_named(monkeypatch):
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        (finding,) = check_server(STORE, "process", None)
    assert "must be named" in finding.finding


def test_wrong_credentials():
    (finding,) = look_at((401, "{}"), (401, "{}"))
    assert "must accept these credentials" in finding.finding
    assert "PREFECT_API_AUTH_STRING" in finding.way_out


def test_right_credentials_and_a_server_in_trouble():
    api, credentials, pages, trouble = look_at((200, '"99.0.0"'), (401, "{}"))
    assert (api.state, api.finding.split(" has ")[1][:15]) == ("broken", "Prefect 99.0.0,")
    assert (credentials.state, credentials.finding) == ("ok", "the server asks for some, and accepts these")
    assert pages.state == "ok"
    assert trouble.finding.startswith("it answers GET /api/csrf-token with 500")
    assert "geheim" not in repr((api, credentials, trouble))


def test_something_that_is_no_prefect_server():
    page = (200, "<html></html>")
    (finding,) = look_at(page, page, None)
    assert (finding.state, finding.finding) == ("broken", "what answers is no Prefect API")
    assert "end with /api" in finding.way_out


@pytest.mark.parametrize(
    ("server", "client", "state"),
    [("3.8.8", "3.8.8", "ok"), ("3.10.0", "3.9.1", "ok"), ("3.8.8", "3.9.1", "warning"), ("2.20", "3.8.8", "broken")],
)
def test_a_server_must_not_be_older_than_its_clients(server, client, state):
    assert judge_version("http://host/api", server, client).state == state


def test_a_server_with_nothing_on_it(client):
    found = look(None)
    broken = [subject for subject, finding in found.items() if finding.state == "broken"]
    assert broken.pop(0) == "web pages"
    assert broken[:2] == ["work pool aepipe-cpu", "work pool aepipe-gpu"]
    assert "deployment pipeline/nightly" in broken
    assert broken[-1].startswith("automation aepipe: crash runs")
    assert {found[subject].way_out for subject in broken} == {APPLY}
    assert len(broken) == 2 + 15 + 2
    assert found["Prefect API"].state == "ok"
    assert client.read_work_pools() == []


def test_everything_applied_with_workers(applied, small):
    found = look(small)
    assert found.pop("automations").way_out.startswith(f"{APPLY} --file {small} --notify ")
    assert found.pop("Prefect credentials").state == "warning"
    assert found.pop("web pages").state == "broken"
    assert {finding.state for finding in found.values()} == {"ok"}
    assert found["deployments"].finding == "all 4 are as in the files"
    assert found["workers of aepipe-gpu"].finding.startswith("1 online (worker-of-aepipe-gpu), heard of ")
    assert found["late runs"].finding == "none"


def test_deployments_without_a_worker(client, small):
    list(apply_all(client, STORE, "process", None, small))
    client.send_worker_heartbeat("aepipe-cpu", "cpu", 300)
    (finding,) = not_ok(small).values()
    assert (finding.state, finding.subject) == ("broken", "workers of aepipe-gpu")
    assert finding.finding == "none online, so nothing runs of train/gpu"
    assert "prefect worker start --pool aepipe-gpu --type process" in finding.way_out


def test_what_is_not_as_in_the_file(applied, small):
    nightly = applied.read_deployment_by_name("pipeline/nightly")
    weekly = applied.read_deployment_by_name("noisy-test-set/weekly")
    applied.update_deployment(nightly.id, DeploymentUpdate(description="another"))
    applied.update_deployment_schedule(nightly.id, nightly.schedules[0].id, active=False)
    applied.delete_deployment_schedule(weekly.id, weekly.schedules[0].id)
    applied.delete_deployment(applied.read_deployment_by_name("train/gpu").id)
    applied.update_work_pool("aepipe-gpu", WorkPoolUpdate(description="another"))
    assert {subject: (finding.state, finding.finding) for subject, finding in not_ok(small).items()} == {
        "work pool aepipe-gpu": ("broken", "not as in the file"),
        "deployment pipeline/nightly": ("broken", "differs in description"),
        "schedule pipeline/nightly nightly": ("warning", "paused: it starts nothing"),
        "schedule noisy-test-set/weekly weekly": ("broken", "missing"),
        "deployment train/gpu": ("broken", "missing"),
    }


def test_pools_from_which_nothing_is_taken(applied, small):
    applied.update_work_pool("aepipe-cpu", WorkPoolUpdate(is_paused=True))
    applied.update_work_pool("aepipe-gpu", WorkPoolUpdate(concurrency_limit=0))
    (queue,) = applied.read_work_queues(work_pool_name="aepipe-gpu")
    assert isinstance(queue, WorkQueue)
    applied.update_work_queue(queue.id, **WorkQueueUpdate(is_paused=True).model_dump(exclude_unset=True))
    found = not_ok(small)
    assert list(found) == [
        "work pool aepipe-cpu",
        "work pool aepipe-gpu",
        "work pool aepipe-gpu, queue default",
    ]
    assert [finding.way_out for finding in found.values()] == [
        "Run: prefect work-pool resume aepipe-cpu",
        "Run: prefect work-pool clear-concurrency-limit aepipe-gpu",
        "Run: prefect work-queue resume default --pool aepipe-gpu",
    ]


def test_a_pool_of_another_type_hides_nothing_else(client, small):
    client.create_work_pool(WorkPoolCreate(name="aepipe-cpu", type="kubernetes"))
    found = not_ok(small)
    assert found["work pool aepipe-cpu"].finding == "of type kubernetes, not process"
    assert found["work pool aepipe-gpu"].finding == "missing"
    assert found["workers of aepipe-cpu"].finding == "none online"
    assert found["deployment train/gpu"].finding == "missing"


def test_deployments_with_another_store_are_one_finding(applied, small):
    (finding,) = not_ok(small, "s3://models/other").values()
    assert (finding.state, finding.subject) == ("warning", "store of deployments")
    assert finding.finding.startswith(f"deployments have {STORE}, ")


def test_a_deployment_with_a_store_of_its_own(applied, small):
    gpu = applied.read_deployment_by_name("train/gpu")
    applied.update_deployment(gpu.id, DeploymentUpdate(parameters={"store": "s3://user:geheim@models"}))
    found = not_ok(small)
    assert found["store of deployments"].finding.startswith("deployments have s3://...@models, ")
    assert found["deployment train/gpu"].finding == "differs in parameters"
    assert "geheim" not in repr(found)


def test_a_file_that_can_not_be_read_hides_nothing_else(applied, small, tmp_path):
    found = not_ok(tmp_path / "none.yaml")
    assert list(found) == ["deployments' file"]
    (tmp_path / "wrong.yaml").write_text("deployments: [")
    assert list(not_ok(tmp_path / "wrong.yaml")) == ["deployments' file"]
    text = small.read_text().replace("cron: 0 2 * * *", "cron: never")
    (tmp_path / "other.yaml").write_text(text)
    assert "nightly" in not_ok(tmp_path / "other.yaml")["deployments' file"].finding


def test_late_runs(applied, small):
    deployment = applied.read_deployment_by_name("noisy-test-set/weekly")
    since = datetime.now(UTC) - timedelta(minutes=90)
    state = Scheduled(name="Late", scheduled_time=since)
    for _ in range(2):
        applied.create_flow_run_from_deployment(deployment.id, state=state)
    (finding,) = not_ok(small).values()
    assert (finding.state, finding.subject) == ("warning", "late runs")
    assert finding.finding == "2 of noisy-test-set/weekly, the oldest for 90 minutes"


def test_a_slot_that_no_run_holds(applied, small):
    limit = applied.read_deployment_by_name("pipeline/nightly").global_concurrency_limit
    applied.increment_concurrency_slots([limit.name], 1, "concurrency")
    (finding,) = not_ok(small).values()
    assert (finding.state, finding.subject) == ("warning", "limit of pipeline/nightly")
    assert finding.finding == "1 of 1 slots taken, 0 runs going on"
    assert finding.way_out.endswith(f"prefect gcl update {limit.name} --active-slots 0")


def test_somebody_is_told_of_trouble(applied, small):
    from prefect.blocks.webhook import Webhook

    Webhook(url="http://127.0.0.1:9/x").save("operations", overwrite=True, _sync=True)
    list(apply_all(applied, STORE, "process", "webhook/operations", small))
    assert look(small)["automations"] == Finding("ok", "automations", "all are there, and somebody is told of trouble")
    told = next(found for found in applied.read_automations() if found.name == names_that_notify()[0])
    applied.pause_automation(told.id)
    assert f"not there: {told.name}" in look(small)["automations"].finding


def test_a_deployment_whose_name_has_a_colon_is_named_in_full(client):
    spec = DeploymentSpec(
        name="nightly: europe", entrypoint="aepipe.flows.pipeline.pipeline", work_pool={"name": "aepipe-cpu"}
    )
    (finding,) = check_missing(client, spec)
    assert (finding.subject, finding.finding) == ("deployment pipeline/nightly: europe", "missing")


def check_missing(client, spec: DeploymentSpec) -> list[Finding]:
    return [judge_change(change, APPLY) for change in plan_deployments(client, [spec])]


def test_a_server_that_says_nothing_is_slow_and_not_away(monkeypatch):
    monkeypatch.setitem(QUICK, PREFECT_API_REQUEST_TIMEOUT, 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        with temporary_settings({PREFECT_API_URL: url}):
            (finding,) = check_server(STORE, "process", None)
    assert finding.finding.startswith("The Prefect server is there, and must answer in time.")
    assert "load" in finding.way_out
