"""Every part of a running stack is killed or stopped in turn; nothing may be lost, left running or half published.

Each test runs the same pipeline into a store of its own, so all of them must end with the bytes of one training that
nobody disturbed.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from e2e.stack import processes_with, wait_for
from filelock import FileLock
from prefect.states import Cancelling

from aepipe.releases.manifest import list_releases
from aepipe.releases.verify import find_problems
from aepipe.store import open_store

RECIPES = ["mnist-dense", "mnist-variational"]
# As few as are trained a step at a time: to compile several steps into one takes seconds more.
EPOCHS = 450
PIPELINE = {
    "recipes": RECIPES,
    "data_set": "digits",
    "setting": "published",
    "overrides": {"epochs": EPOCHS},
    "noise": {"kinds": ["gaussian"], "levels": [0.4], "max_images": 20},
    "checkpoints": {"every_seconds": 1},
    "publishing": {"demand_baselines": False},
    "exports": [],
}


@pytest.fixture
def store_url(s3_store_url):
    return s3_store_url


@pytest.fixture(scope="session")
def undisturbed(stack, tmp_path_factory) -> dict[str, str]:
    """The sha256 of each model when everything is trained on this machine and nothing goes wrong."""
    # Of processes that test side by side, one trains and the others wait.
    shared = (
        tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.getbasetemp()
    )
    with FileLock(shared / "undisturbed.lock"):
        store = str(shared / "undisturbed")
        if not list_releases(open_store(store)):
            run = stack.start_run("pipeline/on-demand", **{**PIPELINE, "store": store, "execution": "local"})
            print(f"local run: {_seconds(stack, run, 240)}")
            assert stack.read(run).state.is_completed(), stack.log_of(run)
        return _models(store)


@pytest.fixture
def running(stack, undisturbed, store_url, request):
    """A pipeline on the pool that is in the middle of its trainings: both, or as many as the test asks for."""
    num_trainings, changes = getattr(request, "param", (2, {}))
    recipes = RECIPES[:num_trainings]
    run = stack.start_run("pipeline/on-demand", **{**PIPELINE, "recipes": recipes, **changes}, store=store_url)
    _wait_until_training(stack, run, store_url, len(recipes))
    return run


# Where a second training would show nothing more.
with_one_training = pytest.mark.parametrize("running", [(1, {})], indirect=True, ids=["one training"])
# Saves after every epoch, which takes its time, and so has not ended when it hears of its parent's end.
SAVING = {"checkpoints": {"every_seconds": 1, "every_epochs": 1}}
with_one_slow_training = pytest.mark.parametrize("running", [(1, SAVING)], indirect=True, ids=["one slow training"])


@pytest.fixture(autouse=True)
def _nothing_is_left(stack, store_url):
    yield
    wait_for(lambda: not stack.live_runs(), 20, f"nothing is left running: {stack.live_runs()}")
    store = open_store(store_url)
    for manifest in list_releases(store):
        assert find_problems(store, manifest, full=True) == []


def test_a_cancelled_pipeline_cancels_its_trainings_which_go_on_when_it_is_run_again(
    stack, running, store_url, undisturbed
):
    stack.set_state(running, Cancelling())
    seconds = wait_for(lambda: set(stack.states(running)) == {"Cancelled"}, 60, "all runs are cancelled")
    print(f"cancelled after {seconds:.1f} s")
    # Workers look for hooks in one more process each.
    wait_for(lambda: not _processes_of(running, stack), 60, "no process is left")
    # Both: on a busy machine one may have come to its end before the other had begun.
    again = stack.start_run("pipeline/on-demand", **PIPELINE, store=store_url)
    _check(stack, again, store_url, undisturbed)
    assert _resumed(store_url)


@with_one_training
def test_a_training_that_is_killed_is_started_again_and_goes_on(stack, running, store_url, undisturbed):
    victim = stack.children(running)[0]
    _kill(victim.id)
    seconds = wait_for(lambda: stack.read(victim.id).state.is_crashed(), 20, "the training is Crashed")
    print(f"Crashed after {seconds:.1f} s")
    _check(stack, running, store_url, undisturbed)
    assert len(stack.children(running)) == 2
    assert _resumed(store_url)


@with_one_training
def test_a_worker_and_a_server_that_are_killed_end_no_run(stack, running, store_url, undisturbed):
    (training,) = stack.children(running)
    worker = _worker_of(stack, training)
    stack.workers[worker].signal(signal.SIGKILL)
    stack.server.kill_all()
    time.sleep(10)
    print(f"server healthy again after {10 + stack.start_server():.1f} s")
    stack.start_workers(worker)
    _check(stack, running, store_url, undisturbed)
    assert len(stack.children(running)) == 1


@pytest.mark.slow
@with_one_slow_training
def test_trainings_stop_when_their_pipeline_is_killed_and_a_retry_takes_them_up(stack, running, store_url, undisturbed):
    _kill(running)
    seconds = wait_for(lambda: stack.read(running).state.is_crashed(), 20, "the pipeline is Crashed")
    print(f"the pipeline is Crashed after {seconds:.1f} s")
    seconds = wait_for(lambda: all(run.state.is_final() for run in stack.family(running)), 60, "the trainings stopped")
    print(f"its trainings are {stack.states(running)[1:]} after {seconds:.1f} s")
    stack.retry(running)
    wait_for(lambda: not stack.read(running).state.is_final(), 5, "the pipeline starts again")
    _check(stack, running, store_url, undisturbed)
    assert _resumed(store_url)


@pytest.mark.slow
def test_trainings_of_a_local_pipeline_that_is_cancelled_or_one_of_which_is_killed_go_on(stack, store_url, undisturbed):
    parameters = {**PIPELINE, "execution": "local", "at_once": 2, "store": store_url}
    run = stack.start_run("pipeline/on-demand", **parameters)
    _wait_until_training(stack, run, store_url, 2)
    stack.set_state(run, Cancelling())
    seconds = wait_for(lambda: set(stack.states(run)) == {"Cancelled"}, 60, "all runs are cancelled")
    print(f"cancelled after {seconds:.1f} s")
    wait_for(lambda: not _processes_of(run, stack), 60, "no process is left")

    again = stack.start_run("pipeline/on-demand", **parameters)
    wait_for(lambda: stack.states(again)[1:] == ["Running", "Running"], 60, "both train again")
    os.kill(_lanes_of(again)[0], signal.SIGKILL)
    _check(stack, again, store_url, undisturbed)
    assert sorted(stack.states(again)) == ["Completed", "Completed", "Completed", "Crashed"]
    assert _resumed(store_url)


@pytest.mark.slow
def test_two_pipelines_at_once_on_one_store_though_a_worker_is_stopped(stack, store_url, undisturbed):
    """SIGTERM ends a worker and its trainings at once; the server's automation finds the silent one."""
    parameters = {**PIPELINE, "recipes": RECIPES[:1]}
    runs = [stack.start_run("pipeline/on-demand", **parameters, store=store_url) for _ in range(2)]
    for run in runs:
        wait_for(lambda run=run: [child for child in stack.children(run) if child.state.is_running()], 60, "both train")
    (victim,) = stack.children(runs[0])
    worker = _worker_of(stack, victim)
    stack.workers[worker].signal(signal.SIGTERM)
    seconds = wait_for(lambda: stack.read(victim.id).state.is_final(), 180, "the training of the stopped worker ended")
    print(f"the training of the stopped worker is {stack.read(victim.id).state.name} after {seconds:.1f} s")
    stack.start_workers(worker)
    for run in runs:
        _check(stack, run, store_url, undisturbed)
    assert 1 <= len(list_releases(open_store(store_url))) <= 2


def _check(stack, run, store_url, undisturbed) -> None:
    """Wait for the run, and look whether it came to what an undisturbed one comes to."""
    print(f"{sys._getframe(1).f_code.co_name}: {_seconds(stack, run, 300)}")
    ended = stack.read(run)
    assert ended.state.is_completed(), f"{ended.state.message}\n{stack.log_of(run)[-3000:]}"
    paths = [f"models/{recipe}@digits/model.keras" for recipe in ended.parameters["recipes"]]
    assert _models(store_url) == {path: undisturbed[path] for path in paths}


def _seconds(stack, run, limit) -> str:
    started = time.monotonic()
    ended = stack.wait_until_ended(run, limit)
    return f"{ended.state.name} {time.monotonic() - started:.0f} s later"


def _models(store_url) -> dict[str, str]:
    manifest = list_releases(open_store(store_url))[0]
    return {file.path: file.sha256 for file in manifest.files if file.path.endswith("/model.keras")}


def _resumed(store_url) -> bool:
    store = open_store(store_url)
    manifests = [info.key for info in store.list("stages/train/") if info.key.endswith("manifest.json")]
    return any(json.loads(store.get(key))["facts"]["resumed_at_step"] for key in manifests)


def _wait_until_training(stack, run, store_url, num_trainings) -> None:
    """Until so many trainings have saved a checkpoint, each in a run of its own."""
    store = open_store(store_url)

    def trainings():
        assert not stack.read(run).state.is_final(), stack.read(run).state
        return {info.key.split("/")[1] for info in store.list("checkpoints/")}

    wait_for(lambda: len(trainings()) >= num_trainings, 120, "both trainings go on")


def _kill(run) -> None:
    pids = processes_with("PREFECT__FLOW_RUN_ID", str(run))
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _lanes_of(run) -> list[int]:
    """The processes in which a local pipeline trains."""
    pids = processes_with("PREFECT__FLOW_RUN_ID", str(run))
    return [pid for pid in pids if b"spawn_main" in (Path("/proc") / str(pid) / "cmdline").read_bytes()]


def _processes_of(run, stack) -> list[int]:
    return [pid for member in stack.family(run) for pid in processes_with("PREFECT__FLOW_RUN_ID", str(member.id))]


def _worker_of(stack, run) -> str | None:
    """The worker that started a run, by the environment of its process."""
    for name, worker in stack.workers.items():
        mine = set(processes_with("AEPIPE_TEST_PROGRAM", worker.environment["AEPIPE_TEST_PROGRAM"]))
        if mine & set(processes_with("PREFECT__FLOW_RUN_ID", str(run.id))):
            return name
    return None
