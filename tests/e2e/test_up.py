"""`aepipe up` for real: server and workers on this machine, stopped and started again, with nothing left behind."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from e2e.stack import ROOT, processes_with, wait_for
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from servers.server import free_ports

from aepipe.deploy.doctor.web_pages import check_pages
from aepipe.deploy.up.credentials import auth_string
from aepipe.store import open_store

NOISE = {"data_set": "digits", "noise": {"kinds": ["gaussian"], "levels": [0.2], "max_images": 20}}
TRAINING = {
    "recipe": "mnist-dense",
    **NOISE,
    "exports": [],
}


def processes_of(state: Path) -> dict[int, str]:
    """The command lines of everything that was started for this folder, by whomever."""
    found = {}
    for pid in processes_with("UP_STATE", str(state)):
        try:
            found[pid] = (Path("/proc") / str(pid) / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


@pytest.fixture
def up(tmp_path, monkeypatch):
    """Starts `aepipe up`, gives its process and a client, and ends whatever is left of it."""
    state, port = tmp_path / "state", free_ports(1)[0]
    # Else a worker's runs would print to a terminal that is not there.
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    code = "from aepipe.cli.app import main; main()"
    options = ["up", "--port", str(port), "--state", str(state), "--store", str(tmp_path / "store")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    @contextmanager
    def start():
        command = [sys.executable, "-c", code, *options]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
            lines = []
            for line in process.stdout:
                lines.append(line.strip())
                if line.startswith("Ctrl-C"):
                    break
            auth = auth_string(state)
            with (
                temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api", PREFECT_API_AUTH_STRING: auth}),
                get_client(sync_client=True) as client,
            ):
                try:
                    yield process, client, lines
                finally:
                    # A test that failed would wait for its end for ever.
                    process.kill()

    yield start, state
    for process in processes_of(state):
        os.kill(process, signal.SIGKILL)


def stop(process: subprocess.Popen) -> str:
    process.send_signal(signal.SIGINT)
    said = process.stdout.read()
    assert process.wait(60) == 0
    return said


def test_it_runs_stops_and_goes_on(up, tmp_path):
    start, state = up
    with start() as (process, client, lines):
        assert "deployment pipeline/nightly: created" in lines
        pools = ("aepipe-cpu", "aepipe-gpu")
        wait_for(lambda: all(client.read_workers_for_work_pool(pool) for pool in pools), 150, "both workers are online")
        (pages,) = check_pages(str(client.api_url).rstrip("/"))
        assert pages.finding == (
            "what they could send is refused: of another origin 403, to another name of the server 421, as text 415"
        )
        # The quickest there is: nothing is trained.
        finished = run_deployment("noisy-test-set/weekly", parameters=NOISE, timeout=300, poll_interval=0.5)
        assert finished.state.is_completed(), finished.state.message

        long = {**TRAINING, "setting": "published", "overrides": {"epochs": 100_000}}
        training = run_deployment("train/gpu", parameters={**long, "checkpoints": {"every_seconds": 0}}, timeout=0)
        checkpoints = lambda: list(open_store(str(tmp_path / "store")).list("checkpoints/"))  # noqa: E731
        wait_for(checkpoints, 150, "a checkpoint is there")
        assert "1 runs were stopped; they go on when this is started again" in stop(process)
        assert processes_of(state) == {}

    with start() as (process, client, lines):
        # All is as the file says, and what finished is still there.
        assert not [line for line in lines if line.endswith((": created", "updated"))]
        assert client.read_flow_run(finished.id).state.is_completed()
        wait_for(lambda: client.read_flow_run(training.id).state.is_running(), 150, "what was stopped goes on")
        assert client.read_flow_run(training.id).run_count == 2

        # Without its worker nobody could stop it, so it is ended and started again.
        worker = next(number for number, command in processes_of(state).items() if "--name gpu-" in command)
        os.kill(worker, signal.SIGKILL)
        seconds = wait_for(lambda: client.read_flow_run(training.id).run_count == 3, 150, "it is started again")
        print(f"the training of the killed worker is started again after {seconds:.1f} s")
        assert sum("prefect.engine" in command for command in processes_of(state).values()) == 1
        client.delete_flow_run(training.id)
        stop(process)
        assert processes_of(state) == {}
