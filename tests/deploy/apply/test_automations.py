"""What the server does by itself is created from the file, and people are really told."""

import json
import os
import subprocess
import sys
import time

import pytest
from listener import SECONDS, listening
from prefect.client.schemas.actions import BlockDocumentCreate
from prefect.events import emit_event
from prefect.events.schemas.automations import AutomationCore
from prefect.events.worker import EventsWorker
from prefect.states import Failed, Late, Pending, Running

from aepipe.deploy.apply.automations import plan_automations, read_entries
from aepipe.deploy.apply.change import mend_all
from aepipe.deploy.apply.specification import FILE as DEPLOYMENTS
from aepipe.deploy.apply.specification import load_deployments
from aepipe.errors import ParameterError
from aepipe.flows.nightly import nightly

CRASH = "aepipe: crash runs whose process is gone"
ALONE = ["aepipe: crash runs that never began", CRASH]
NOTIFYING = [
    "aepipe: notify of alarms and drift",
    "aepipe: notify of failed runs",
    "aepipe: notify of held releases",
    "aepipe: notify of late runs",
    "aepipe: notify of refused runs",
]


@pytest.fixture
def listener():
    with listening() as listener:
        yield listener


@pytest.fixture
def make_block(client):
    """Creates a block as somebody does in the UI, and returns its type and name."""

    def make(kind: str, **data) -> str:
        block_type = client.read_block_type_by_slug(kind)
        schema = client.get_most_recent_block_schema_for_block_type(block_type.id)
        name = f"block-{time.monotonic_ns()}"
        client.create_block_document(
            BlockDocumentCreate(name=name, data=data, block_type_id=block_type.id, block_schema_id=schema.id)
        )
        return f"{kind}/{name}"

    return make


@pytest.fixture
def apply(client):
    def apply(notify=None, check=False, pools="process") -> list[str]:
        changes = list(plan_automations(client, pools, notify))
        if check:
            return [f"{change.subject}: {change.found}" for change in changes]
        return [f"{change.subject}: {change.done}" for change in mend_all(changes)]

    return apply


@pytest.fixture
def start_run(client, train_deployment):
    """Creates a run of train/gpu that waits for a worker."""
    return lambda name: client.create_flow_run_from_deployment(
        train_deployment.id, name=name, parameters={"recipe": "mnist-dense"}, tags=[]
    )


def names(client) -> list[str]:
    return sorted(automation.name for automation in client.read_automations())


def test_a_run_is_taken_for_dead_only_where_it_would_say_that_it_lives():
    (entry,) = [entry for entry in read_entries() if entry["name"] == CRASH]
    flows = {spec.flow.name for spec in load_deployments(DEPLOYMENTS, "/srv/store", "process")}
    # The operator's own file has deployments of one more.
    assert set(entry["trigger"]["match_related"]["prefect.resource.name"]) == {*flows, nightly.name}
    # Started by hand, by somebody who has set nothing.
    program = (
        "import aepipe.flows.train, prefect.settings as s; print(s.get_current_settings().flows.heartbeat_frequency)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert 3 * int(said.stdout) <= entry["trigger"]["within"]


def test_without_a_block_the_one_that_notifies_nobody_is_created(apply, client):
    assert sorted(apply(check=True)) == [f"automation {name}: missing" for name in ALONE]
    assert names(client) == []
    assert sorted(apply()) == [f"automation {name}: created" for name in ALONE]
    assert names(client) == ALONE
    assert apply() == apply(check=True) == []


def test_where_images_are_pulled_a_run_may_take_long_to_begin(apply, client):
    apply()
    pending = "aepipe: end runs that wait too long in the cluster"
    told = [f"automation {ALONE[0]}: removed", f"automation {pending}: created"]
    assert apply(pools="kubernetes") == told
    assert names(client) == [CRASH, pending]


def test_runs_without_a_process_are_crashed_and_no_others(client, start_run):
    for entry in read_entries():
        if entry["name"] in ALONE:
            # The least that the server takes.
            entry["trigger"]["within"] = 10
            client.create_automation(AutomationCore.model_validate({**entry, "enabled": True, "tags": []}))
    lost, stuck, begun, theirs = (start_run(name) for name in ("lost", "stuck", "begun", "theirs"))
    for run in (lost, begun, theirs):
        client.set_flow_run_state(run.id, Running(), force=True)
    client.set_flow_run_state(stuck.id, Pending(), force=True)
    client.set_flow_run_state(begun.id, Pending(), force=True)
    client.set_flow_run_state(begun.id, Running(), force=True)
    # What sends events took up the flow run within which a test of this process first sent one: a new one has none.
    EventsWorker.drain_all()
    for run, flow in ((lost, "train"), (theirs, "another project's")):
        emit_event(
            "prefect.flow-run.heartbeat",
            resource={"prefect.resource.id": f"prefect.flow-run.{run.id}"},
            related=[
                {
                    "prefect.resource.id": f"prefect.flow.{run.flow_id}",
                    "prefect.resource.role": "flow",
                    "prefect.resource.name": flow,
                }
            ],
        )
    EventsWorker.instance().wait_until_empty()
    # A busy machine takes many times as long; that it comes at all is what is tested.
    deadline = time.monotonic() + 8 * SECONDS
    while not all(client.read_flow_run(run.id).state.is_crashed() for run in (lost, stuck)):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert client.read_flow_run(lost.id).state.message.startswith("No heartbeat for 90 s;")
    assert client.read_flow_run(stuck.id).state.message.startswith("It has not begun for 300 s;")
    others = {run.name: client.read_flow_run(run.id).state for run in (begun, theirs)}
    assert all(state.is_running() for state in others.values()), others


@pytest.mark.parametrize("kind", ["webhook", "slack-webhook"])
def test_with_a_block_all_are_created_and_stay_as_they_are(apply, client, make_block, kind):
    notify = make_block(kind, url="http://127.0.0.1:9/told")
    assert len(apply(notify)) == 7
    assert names(client) == [*ALONE, *NOTIFYING]
    assert apply(notify) == apply(notify, check=True) == []
    # Applied by somebody who names no block, those that notify stay.
    assert apply() == []
    assert names(client) == [*ALONE, *NOTIFYING]


def test_another_block_is_told_from_then_on(apply, client, make_block):
    apply(make_block("webhook", url="http://127.0.0.1:9/told"))
    notify = make_block("slack-webhook", url="http://127.0.0.1:9/told")
    assert apply(notify) == [f"automation {NOTIFYING[n]}: updated" for n in (1, 3, 4, 2, 0)]
    kinds = {action.type for found in client.read_automations() for action in found.actions}
    assert kinds == {"change-flow-run-state", "send-notification"}


@pytest.mark.parametrize("notify", ["webhook/nobody", "nothing/nobody", "webhook"])
def test_a_block_that_is_not_there_is_refused_in_one_line(apply, client, notify):
    with pytest.raises(ParameterError, match=f"is a block of the server. Received: notify='{notify}'. Create it"):
        apply(notify)


def test_changed_ones_are_brought_back_and_those_that_left_the_file_are_gone(apply, client):
    apply()
    found = next(found for found in client.read_automations() if found.name == CRASH)
    fields = {name: getattr(found, name) for name in ("name", "trigger", "actions")}
    client.update_automation(found.id, AutomationCore(**fields, description="Mine.", enabled=False))
    client.create_automation(AutomationCore(**{**fields, "name": "aepipe: of an older version"}))
    client.create_automation(AutomationCore(**{**fields, "name": CRASH}))
    client.create_automation(AutomationCore(**{**fields, "name": "theirs"}))
    told = [f"automation {CRASH}: updated", "automation aepipe: of an older version: removed"]
    assert sorted(apply()) == sorted([*told, f"automation {CRASH}: removed"])
    assert names(client) == [*ALONE, "theirs"]
    ours = next(found for found in client.read_automations() if found.name == CRASH)
    assert ours.enabled
    assert ours.description != "Mine."
    assert apply() == []


def test_a_webhook_is_called_for_a_failed_and_a_late_run_a_held_release_alarms_and_drift(
    apply, client, make_block, listener, start_run
):
    apply(make_block("webhook", url=listener.url))
    failed, late = start_run("the failed run"), start_run("the late run")
    client.set_flow_run_state(failed.id, Failed(message='No room on "disk".\nNot a byte.'), force=True)
    client.set_flow_run_state(late.id, Late(), force=True)
    held = {"summary": "mnist-dense is worse.", "report_uri": "s3://models/report.html"}
    emit_event(
        "aepipe.release.held",
        resource={"prefect.resource.id": "aepipe.release.20260101T000000Z-abc", "prefect.resource.name": "20260101"},
        payload=held,
    )
    for event, topics in (("over", "alarms and drift"), ("back", "drift")):
        emit_event(
            f"aepipe.scores.{event}",
            resource={"prefect.resource.id": "aepipe.results.conv@a", "prefect.resource.name": "conv@a"},
            payload={"topics": topics, "summary": "9 alarms.", "page": "s3://models/results/conv@a/index.html"},
        )
    EventsWorker.instance().wait_until_empty()

    told = json.loads(listener.wait_for("the failed run"))["text"]
    assert told.startswith('aepipe: the failed run is Failed\ntrain/gpu: No room on "disk".\nNot a byte. http')
    assert told.endswith(f"http://prefect.test/runs/flow-run/{failed.id}")
    told = json.loads(listener.wait_for("are late"))["text"]
    assert told.startswith("aepipe: runs of train/gpu are late\nThe first waits in aepipe-gpu; ")
    assert told.endswith(str(late.id))
    told = json.loads(listener.wait_for("was held"))["text"]
    assert told == "aepipe: 20260101 was held\nmnist-dense is worse. s3://models/report.html"
    where = "\n9 alarms. s3://models/results/conv@a/index.html"
    for subject in ("alarms and drift of conv@a over the limit", "drift of conv@a over the limit no more"):
        assert json.loads(listener.wait_for(f"aepipe: {subject}\\n"))["text"] == f"aepipe: {subject}{where}"


def test_a_notification_block_is_called(apply, client, make_block, listener, start_run):
    data = {"name": "told", "url": listener.url, "json_data": {"title": "{{subject}}", "text": "{{body}}"}}
    apply(make_block("custom-webhook", **data))
    run = start_run("the failed run")
    client.set_flow_run_state(run.id, Failed(message="No room."), force=True)
    told = json.loads(listener.wait_for("the failed run"))
    assert told["title"] == "aepipe: the failed run is Failed"
    assert told["text"] == f"train/gpu: No room. http://prefect.test/runs/flow-run/{run.id}"


def test_runs_of_others_are_nobodys_business(apply, client, make_block, listener, start_run):
    apply(make_block("webhook", url=listener.url))
    flow = client.create_flow_from_name("theirs")
    deployment = client.create_deployment(flow_id=flow, name="daily", tags=["theirs"])
    theirs = client.create_flow_run_from_deployment(deployment, name="their run")
    client.set_flow_run_state(theirs.id, Failed(), force=True)
    ours = start_run("our run")
    client.set_flow_run_state(ours.id, Failed(message="No room."), force=True)
    listener.wait_for("our run")
    assert not any("their run" in message for message in listener.received)
