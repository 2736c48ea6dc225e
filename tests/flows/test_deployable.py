"""What a flow that a deployment runs may name, what it is called, and which missed runs it stands for."""

import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import FailedRun
from prefect.flow_engine import run_flow
from prefect.states import Failed, Scheduled

from aepipe.errors import ParameterError, StoreError
from aepipe.flows import limits, missed_runs, names
from aepipe.flows.limits import check_limits
from aepipe.flows.missed_runs import cancel_missed_runs
from aepipe.flows.names import is_made_up, named
from aepipe.stages.data import DataSettings
from aepipe.tasks.failures import tell_failures_in_one_line


@pytest.fixture
def of_a_deployment(monkeypatch):
    """Lets the limits be asked for a run of a deployment with these parameters."""

    def make(parameters: dict, *schedules: dict):
        own = SimpleNamespace(parameters=parameters, schedules=[SimpleNamespace(parameters=p) for p in schedules])
        monkeypatch.setattr(limits, "_deployment", lambda: own)

    return make


@pytest.fixture
def of_a_worker(monkeypatch):
    """Lets a worker allow these."""

    def make(stores: str, images: str = ""):
        monkeypatch.setenv("AEPIPE_STORES", stores)
        monkeypatch.setenv("AEPIPE_IMAGES", images)

    return make


def test_who_runs_a_flow_by_hand_is_not_limited():
    check_limits({"store": "/anywhere", "data_set": "images:/etc"})


def test_the_run_of_a_deployment_has_its_limits_also_in_a_flow_that_it_calls(schedules):
    client, own = schedules

    @flow
    def inner():
        return limits._deployment()

    @flow(persist_result=False)
    def outer():
        return [found and found.id for found in (limits._deployment(), inner())]

    due = _runs_of(client, own)[0]
    assert run_flow(outer, flow_run=client.read_flow_run(due.id)) == [own, own]
    assert outer() == [None, None]


@pytest.mark.parametrize("store", ["s3://models/aepipe", "s3://models/aepipe/", "s3://models/aepipe/more"])
def test_a_run_may_name_its_deployments_store(of_a_deployment, store):
    of_a_deployment({"store": "s3://models/aepipe"})
    check_limits({"store": store, "data_set": "mnist"})


@pytest.mark.parametrize(
    "store",
    [
        *(
            "s3://other",
            "s3://models",
            "s3://models/aepipe-of-others",
            "s3://models/aepipe/../others",
            "s3://models/../x",
        ),
        *(
            "",
            "./store",
            "/etc/cron.d",
            "file:///etc/cron.d",
            "file:/etc",
            "/srv/store/../../etc",
            "~",
            "S3://models/aepipe",
        ),
    ],
)
def test_another_store_is_refused_in_one_line(of_a_deployment, store):
    of_a_deployment({"store": "s3://models/aepipe"}, {"store": "/srv/store"})
    with pytest.raises(ParameterError, match=r"A run names a store of those that its worker allows. Received: store="):
        check_limits({"store": store})


def test_a_store_with_a_password_in_it_is_refused_without_it(of_a_deployment):
    of_a_deployment({"store": "s3://models"})
    with pytest.raises(ParameterError) as refusal:
        check_limits({"store": "s3://KEY:geh/eim@bucket"})
    assert "eim" not in str(refusal.value)


def test_links_lead_where_they_lead(of_a_worker, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "out").symlink_to("/etc")
    (tmp_path / "short").symlink_to(tmp_path / "store")
    of_a_worker(str(tmp_path / "store"))
    check_limits({"store": str(tmp_path / "short")})
    with pytest.raises(ParameterError):
        check_limits({"store": str(tmp_path / "store" / "out")})


@pytest.mark.parametrize("images", ["/data/shoes", "/data/shoes/left.zip", "s3://photos/2026", "/srv/store/images"])
def test_images_may_come_from_where_the_worker_allows_it(of_a_worker, images):
    of_a_worker("/srv/store", "/data/shoes, s3://photos")
    check_limits({"store": "/srv/store", "data_set": f"images:{images}", "images": images, "reference": None})


@pytest.mark.parametrize(
    "images", ["/etc", "/data", "/data/shoes2", "/data/shoes/../../etc", "s3://others", "", "https://x"]
)
def test_images_from_elsewhere_are_refused(of_a_worker, images):
    of_a_worker("/srv/store", "/data/shoes, s3://photos")
    for given in (
        {"data_set": f"images:{images}"},
        {"images": images},
        {"reference": f"images:{images}"},
        {"data": {"clean": images}},
        {"data": DataSettings.model_construct(clean=images)},
        {"data": {"mask": images}},
        {"data": DataSettings.model_construct(mask=images)},
    ):
        with pytest.raises(ParameterError, match=r"A run reads images from where its worker allows it."):
            check_limits({"store": "/srv/store", **given})


def test_what_the_deployment_or_its_schedules_name_is_allowed_and_no_other_images(of_a_deployment):
    of_a_deployment({"store": "/srv/store", "data_set": "images:/data/a"}, {"data_set": "images:/data/b"})
    for name in ("images:/data/a", "images:/data/b", "digits"):
        check_limits({"store": "/srv/store", "data_set": name})
    with pytest.raises(ParameterError):
        check_limits({"store": "/srv/store", "data_set": "images:/data/c"})


def test_the_workers_list_goes_before_the_deployment(of_a_worker, of_a_deployment):
    of_a_deployment({"store": "s3://changed-by-somebody"})
    of_a_worker("s3://models")
    with pytest.raises(ParameterError):
        check_limits({"store": "s3://changed-by-somebody"})


@pytest.fixture
def run(monkeypatch):
    """Lets the code below think that it is in a run."""

    def make(**fields) -> SimpleNamespace:
        own = SimpleNamespace(**{"deployment_id": "x", "auto_scheduled": False, "name": "brave-whale", **fields})
        context = SimpleNamespace(get=lambda: SimpleNamespace(flow_run=own))
        for module in (names, missed_runs):
            monkeypatch.setattr(module, "FlowRunContext", context)
        return own

    return make


def test_a_typed_name_stays(run):
    run(name="before the demo")
    assert named(lambda: "tuned faces-conv, full")() == "before the demo"


@pytest.mark.parametrize("fields", [{}, {"auto_scheduled": True, "name": "x"}, {"deployment_id": None, "name": "x"}])
def test_a_name_that_nobody_typed_says_what_the_run_does(run, fields):
    run(**fields)
    assert named(lambda: "tuned faces-conv, full")() == "tuned faces-conv, full"


def test_prefects_own_names_are_known():
    from prefect.utilities.names import generate_slug

    assert all(is_made_up(generate_slug(2)) for _ in range(200))
    assert not any(map(is_made_up, ("friday-demo", "demo", "Brave-whale", "before the demo", "run-2")))


@pytest.fixture
def schedules(prefect_server):
    """A deployment with two schedules, and a run of each for each of three nights, all of them due."""
    with get_client(sync_client=True) as client:
        flow = client.create_flow_from_name("nights")
        crons = [
            DeploymentScheduleCreate(schedule=CronSchedule(cron="0 2 * * *", timezone="UTC"), slug=slug, active=True)
            for slug in ("small", "large")
        ]
        deployment = client.create_deployment(flow, "nightly", schedules=crons)
        client.request("POST", "/deployments/{id}/schedule", path_params={"id": str(deployment)}, json={"min_runs": 3})
        runs = sorted(_runs_of(client, deployment), key=lambda run: run.expected_start_time)
        for n, run in enumerate(runs):
            due = datetime.now(UTC) - timedelta(days=len(runs) - n)
            name = "Late" if n % 4 else "AwaitingConcurrencySlot"
            client.set_flow_run_state(run.id, Scheduled(name=name, scheduled_time=due), force=True)
        yield client, deployment
        client.delete_deployment(deployment)


def _runs_of(client, deployment) -> list[FlowRun]:
    return [run for run in client.read_flow_runs() if run.deployment_id == deployment]


def test_one_run_stands_for_what_its_schedule_missed_and_says_so_once(schedules, run, monkeypatch, caplog):
    client, deployment = schedules
    told = []
    monkeypatch.setattr(missed_runs, "emit_event", lambda event, **more: told.append((event, more["payload"])))
    monkeypatch.setattr(missed_runs, "get_run_logger", lambda: logging.getLogger("run"))
    first = next(found for found in _runs_of(client, deployment) if found.created_by.display_value == "small")
    own = {
        name: getattr(first, name)
        for name in ("id", "name", "flow_id", "deployment_id", "created_by", "expected_start_time")
    }
    run(**own, auto_scheduled=True)
    cancel_missed_runs()
    states = {(found.created_by.display_value, found.state.name) for found in _runs_of(client, deployment)}
    cancelled = [found for found in _runs_of(client, deployment) if found.state.is_cancelled()]
    assert [found.created_by.display_value for found in cancelled] == ["small", "small"]
    assert ("large", "Cancelled") not in states
    assert not client.read_flow_run(first.id).state.is_cancelled()
    assert [(event, payload["number"]) for event, payload in told] == [("aepipe.runs.missed", 2)]
    # The next night finds nothing to say.
    cancel_missed_runs()
    assert len(told) == 1


def test_a_run_by_hand_stands_for_no_others(schedules, run):
    client, deployment = schedules
    run(deployment_id=deployment, created_by=None)
    cancel_missed_runs()
    assert not any(found.state.is_cancelled() for found in _runs_of(client, deployment))


def _log(error: Exception) -> None:
    try:
        raise error
    except Exception:
        logging.getLogger("prefect.engine").error("Execution of flow run 'x' exited with ...", exc_info=True)


@pytest.mark.parametrize(
    "error",
    [
        StoreError("A rule."),
        FailedRun("1 failed"),
        TypeError("Unexpected result for failed state: Published() ── at 0x7f"),
        TypeError("a fault of the code"),
    ],
)
def test_a_failed_runs_log_ends_in_one_line(caplog, error):
    tell_failures_in_one_line()
    _log(error)
    assert [bool(record.exc_info) for record in caplog.records] == [False]


def test_an_unforeseen_error_is_one_line_that_names_the_file_with_its_traceback(caplog):
    tell_failures_in_one_line()
    _log(KeyError("a fault of the code"))
    line = caplog.records[0].getMessage()
    assert line.startswith("KeyError: 'a fault of the code' (")
    file = Path(re.search(r"traceback is in (.*\.txt);", line)[1])
    assert "in _log" in file.read_text()
    file.unlink()


@pytest.mark.parametrize(
    ("variable", "tracebacks"), [("PREFECT__FLOW_RUN_ID", [True, False]), ("AEPIPE_TRACEBACK", [True, True])]
)
def test_an_unforeseen_error_has_its_traceback_in_a_workers_log_once(caplog, monkeypatch, variable, tracebacks):
    monkeypatch.setenv(variable, "1")
    tell_failures_in_one_line()
    error = KeyError("a fault of the code")
    for _ in range(2):
        _log(error)
    assert [bool(record.exc_info) for record in caplog.records] == tracebacks


def test_a_state_that_failed_with_a_result_is_what_prefect_raises_for():
    """The text that is looked for is Prefect's own."""
    with pytest.raises(TypeError, match="Unexpected result for failed state"):
        Failed(message="1 failed", data={"a": 1}).result()
