"""Runs that had to stop with their machine start again, and no others."""

from uuid import uuid4

import pytest
from prefect import flow
from prefect.states import Cancelled, Cancelling, Completed, Crashed, Failed, Pending, Running

from aepipe.deploy.runs import cancel_running, read_live, reschedule


@pytest.fixture
def start_run(client, train_deployment):
    """Creates a run of train/gpu in a state."""

    def start(state):
        parameters = {"recipe": "mnist-dense"}
        run = client.create_flow_run_from_deployment(train_deployment.id, parameters=parameters)
        if state is not None:
            client.set_flow_run_state(run.id, state, force=True)
        return run.id

    return start


def test_what_was_stopped_starts_again_and_what_ended_does_not(client, start_run):
    stopped = [start_run(kind()) for kind in (Running, Pending, Cancelling, Cancelled, Crashed)]
    ended = [start_run(kind()) for kind in (Completed, Failed)]
    others = start_run(Crashed())
    assert reschedule(client, [*stopped, *ended, uuid4()]) == len(stopped)
    assert {client.read_flow_run(run).state.name for run in stopped} == {"AwaitingRetry"}
    assert [client.read_flow_run(run).state.name for run in (*ended, others)] == ["Completed", "Failed", "Crashed"]


def test_nothing_starts_again_where_nothing_was_stopped(client, start_run):
    run = start_run(Crashed())
    assert reschedule(client, []) == 0
    assert client.read_flow_run(run).state.is_crashed()


def test_what_goes_on_is_cancelled_and_what_waits_is_not(client, start_run, monkeypatch):
    # No worker is there to end them.
    monkeypatch.setattr("aepipe.deploy.runs.CANCEL_SECONDS", 0)
    running, waiting = start_run(Running()), start_run(None)
    assert read_live(client) == [running]
    assert cancel_running(client) == [running]
    assert client.read_flow_run(running).state.is_cancelling()
    assert client.read_flow_run(waiting).state.is_scheduled()


def test_runs_of_other_pools_are_left_alone(client, start_run):
    @flow
    def theirs():
        pass

    run = client.create_flow_run(theirs, state=Running())
    assert cancel_running(client) == []
    assert client.read_flow_run(run.id).state.is_running()
