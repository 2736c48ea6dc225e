"""Nothing of a run lasts for ever: neither a download that drips nor a training that hangs, here or on a pool."""

import http.server
import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Running

from aepipe.deploy.apply.change import mend_all
from aepipe.deploy.apply.deployments import plan_deployments
from aepipe.deploy.apply.specification import FILE, load_deployments
from aepipe.deploy.apply.work_pools import plan_pools
from aepipe.flows.executors import lanes, local, pool
from aepipe.flows.executors.executor import Shared
from aepipe.flows.noisy_test_set import noisy_test_set
from aepipe.recipes.plan import Overrides
from aepipe.stages.request import TrainingRequest
from aepipe.tasks.timeouts import HOUR_SECONDS, TimeoutSettings

SECOND = 1 / HOUR_SECONDS


class Drip(http.server.BaseHTTPRequestHandler):
    """Answers with a byte now and then, so that no read ever takes too long."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while not self.server.is_closing.wait(0.1):
            self.wfile.write(b"x")
            self.wfile.flush()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def dripping_mirror(monkeypatch, tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Drip)
    server.is_closing = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AEPIPE_MIRROR", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    yield
    server.is_closing.set()
    server.shutdown()
    server.server_close()


def test_a_download_that_drips_ends_the_run(dripping_mirror, tmp_path):
    chosen = TimeoutSettings(data_hours=2 * SECOND)
    state = noisy_test_set(data_set="mnist", timeouts=chosen, store=str(tmp_path / "store"), return_state=True)
    assert state.is_failed()
    assert "data timed out after 2 s. Received: timeouts.data_hours=" in state.message


def _requests() -> list[TrainingRequest]:
    overrides = Overrides(epochs=1, time_limit_minutes=None)
    return [
        TrainingRequest(recipe=recipe, data_set="digits", overrides=overrides)
        for recipe in ("mnist-dense", "mnist-variational")
    ]


def _hang(context: bytes, request: TrainingRequest, shared: Shared):
    """What a lane does instead of training: one is stopped like a process whose code never comes back.

    Another is killed when it is begun for the first time.
    """
    if request.recipe == "mnist-dense":
        os.kill(os.getpid(), signal.SIGSTOP)
    begun = Path(shared.store, "begun")
    if not begun.exists():
        begun.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return request.failed("not trained")


def test_a_training_whose_process_hangs_or_is_killed_does_not_end_the_others(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(lanes, "_train_in_child", _hang)
    monkeypatch.setattr(lanes, "KILL_SECONDS", 0.2)
    # Each has a process of its own.
    monkeypatch.setattr(lanes, "count_gpus", lambda: 1)
    monkeypatch.setattr(local, "LOOK_EVERY_SECONDS", 0.2)
    # A day and a half passes as soon as the other one has ended.
    clock = SimpleNamespace(monotonic=lambda: now[0])
    now = [0.0]
    monkeypatch.setattr(lanes, "time", clock)
    monkeypatch.setattr(local, "_say_done", lambda *_: now.insert(0, 40 * HOUR_SECONDS))
    shared = Shared(store=str(tmp_path))

    @flow
    def parent():
        return local.train_side_by_side(_requests(), 2, shared)

    hung, other = parent()
    assert hung.error.startswith("tuned mnist-dense, 1 epochs, on digits timed out after 38 h.")
    assert other.error == "not trained"
    assert (
        "The process of mnist-variational@digits was killed by signal 9, probably for want of memory: " in caplog.text
    )
    assert "It is started again, attempt 2 of 3 since step 0." in caplog.text
    assert not multiprocessing.active_children()


@pytest.fixture
def train_deployment(prefect_server):
    specs = [spec for spec in load_deployments(FILE, "./store", "process") if spec.full_name == "train/gpu"]
    with get_client(sync_client=True) as client:
        list(mend_all([*plan_pools(client, "process", specs), *plan_deployments(client, specs)]))
        yield client
        client.delete_deployment(client.read_deployment_by_name("train/gpu").id)
        for name in ("aepipe-cpu", "aepipe-gpu"):
            client.delete_work_pool(name)


def _runs_of_the_pool(client):
    own = client.read_deployment_by_name("train/gpu").id
    return [run for run in client.read_flow_runs() if run.deployment_id == own]


def test_a_training_on_a_pool_that_hangs_is_cancelled(monkeypatch, tmp_path, train_deployment):
    monkeypatch.setattr(pool, "LOOK_EVERY_SECONDS", 0.2)
    hours = dict.fromkeys(("data_hours", "training_hours", "other_hours"), SECOND / 5)
    shared = Shared(store=str(tmp_path), timeouts=TimeoutSettings(**hours, grace_seconds=0))
    request, client = _requests()[0], train_deployment

    def begin_as_a_worker_does():
        with get_client(sync_client=True) as own:
            while not (runs := _runs_of_the_pool(own)):
                time.sleep(0.1)
            own.set_flow_run_state(runs[0].id, Running(), force=True)

    @flow
    def parent():
        return pool.train_on_pool([request], None, shared)

    worker = threading.Thread(target=begin_as_a_worker_does)
    worker.start()
    (outcome,) = parent()
    worker.join()
    assert "timed out after 1.2 s." in outcome.error
    (run,) = _runs_of_the_pool(client)
    assert run.state.name == "Cancelling"
