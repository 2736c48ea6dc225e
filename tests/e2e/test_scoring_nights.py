"""Nights of scoring by a real worker: broken pictures, and a drift that people are told of once.

The deployment is the operator's own, and pictures, model and results are in a bucket.
"""

import json
import time
from collections.abc import Mapping
from functools import partial
from uuid import UUID

import numpy as np
import pytest
import yaml
from e2e.stack import wait_for
from e2e.test_nights import png
from listener import listening

from aepipe.deploy.apply.automations import names_that_notify
from aepipe.inference.watched_runs import page_key
from aepipe.results import list_results, read_table
from aepipe.stages.data import DataParameters, DataStage, load_data
from aepipe.stages.request import TrainingRequest
from aepipe.stages.split import SplitStage, load_split
from aepipe.store import open_store
from aepipe.store.interface import Store

RECIPE, MODEL = "mnist-dense", "mnist-dense@digits"
TRAINING = {
    "recipes": [RECIPE],
    "data_set": "digits",
    "execution": "local",
    "exports": [],
    "overrides": {"epochs": 30, "learning_rate": 0.01},
    "noise": {"kinds": ["gaussian"], "levels": [0.4], "max_images": 20},
    "publishing": {"demand_baselines": False},
}
NIGHT_SECONDS = 180


def held_out(store: Store) -> np.ndarray:
    """The digits that the model was not trained on, (num_images, height, width) of 8 bits."""
    data = DataStage(DataParameters(data_set="digits")).produce(store)
    request = TrainingRequest(recipe=RECIPE, data_set="digits")
    rows = load_split(store, SplitStage(data, request.split_settings(data)).produce(store)).test
    return np.round(load_data(store, data).scaled(rows)[..., 0] * 255).astype(np.uint8)


class Nights:
    """Runs of the operator's deployment, one after the other."""

    def __init__(self, stack, deployment: str, inbox: Store):
        self._stack, self._deployment, self._inbox = stack, deployment, inbox

    def run(self, title: str, **pictures: bytes):
        """Put new pictures there, run the deployment, and return the run."""
        self.put(pictures)
        started = time.monotonic()
        run: UUID = self._stack.start_run(self._deployment)
        ended = self._stack.wait_until_ended(run, NIGHT_SECONDS)
        print(f"\n{title}: {ended.state.name} after {time.monotonic() - started:.0f} s: {ended.state.message}")
        assert ended.state.is_completed(), self._stack.log_of(run)
        return ended

    def put(self, pictures: Mapping[str, bytes]) -> None:
        """Put new pictures there."""
        for name, data in pictures.items():
            self._inbox.put(f"{name}.png", data)


@pytest.fixture
def listener(stack):
    """Where the server's automations tell people, until the test is over."""
    with listening() as listener:
        yield listener
        stack.delete_automations(names_that_notify())


@pytest.fixture
def cron() -> str:
    """When the deployment runs by itself: not in this test, unless it happens to run at that minute."""
    return "0 3 * * *"


@pytest.fixture
def nights(stack, s3_store_url, listener, tmp_path, cron) -> Nights:
    url = f"{s3_store_url}/store"
    trained = stack.wait_until_ended(stack.start_run("pipeline/on-demand", store=url, **TRAINING), NIGHT_SECONDS)
    assert trained.state.is_completed(), trained.state.message
    name = f"inbox-{tmp_path.name.replace('_', '-')}"
    file = tmp_path / "nightly.yaml"
    entry = {"name": name, "use": "score", "images": f"{s3_store_url}/inbox", "model": "dense@digits", "store": url}
    file.write_text(yaml.safe_dump([{**entry, "cron": cron, "worst": 3}]))
    done = stack.aepipe("apply", "--store", "s3://unset/unset", "--nightly", str(file), "--notify", listener.url)
    assert done.returncode == 0, done.stderr
    assert f"deployment score/{name}: created" in done.stdout
    yield Nights(stack, f"score/{name}", open_store(f"{s3_store_url}/inbox"))
    stack.apply("s3://unset/unset")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nights_of_scoring_with_broken_pictures_and_a_drift(nights, stack, s3_store_url, listener):
    store = open_store(f"{s3_store_url}/store")
    digits = held_out(store)
    half, some = len(digits) // 2, len(digits) // 6
    normal = {f"digit-{number:03}": png(pixels) for number, pixels in enumerate(digits)}
    names = list(normal)

    first = nights.run("night 1", **{name: normal[name] for name in names[:half]})
    assert f"of {half} pictures anomalous" in first.state.message

    broken = dict.fromkeys(("broken-1", "broken-2"), b"\x89PNG\r\n\x1a\nno more of it")
    second = nights.run("night 2, two broken", **{name: normal[name] for name in names[half:]}, **broken)
    assert "2 files could not be read" in second.state.message

    again = nights.run("the same night again, nothing new")
    assert "Nothing is new" in again.state.message
    assert listener.texts == []

    nights.run("night 3, a drift", **{f"dark-{n}": png(255 - digits[n]) for n in range(some)})
    told = json.loads(listener.wait_for("over the limit", seconds=60))["text"]
    print(told)
    release = json.loads(store.get("channels/production.json"))["current"]["release"]
    assert told.startswith(
        f"aepipe: alarms and drift of {MODEL} over the limit\n{some} alarms in {some} pictures, 100%"
    )
    assert f"Model of release {release}. {store.url}/{page_key(MODEL)}" in told
    assert "Drift: " in told

    nights.run("night 4, as the third", **{f"dark-{n}": png(255 - digits[n]) for n in range(some, 2 * some)})
    assert listener.texts == [told]

    page = store.get(page_key(MODEL)).decode()
    runs = list_results(store, MODEL, "score")
    assert [run.num_pictures for run in runs] == [some, some, len(digits) - half, half]
    assert all(f'href="{run.run}/page.html"' in page for run in runs)
    tables = [read_table(store, run) for run in runs]
    assert sorted(path for table in tables for path in table["path"]) == sorted(
        f"{name}.png" for name in (*names, *broken, *(f"dark-{n}" for n in range(2 * some)))
    )
    shown = stack.aepipe("releases", "show", "production", "--store", store.url)
    assert f"{MODEL}, last score " in shown.stdout, shown.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("cron", ["* * * * *"])
def test_the_schedule_itself_starts_the_nights(nights, stack, s3_store_url):
    store = open_store(f"{s3_store_url}/store")
    digits = [png(pixels) for pixels in held_out(store)[:20]]
    pictures = {f"digit-{number:03}": data for number, data in enumerate(digits)}
    names = list(pictures)
    for night, until in enumerate((10, 20), 1):
        nights.put({name: pictures[name] for name in names[until - 10 : until]})
        wanted = [f"{name}.png" for name in names[:until]]
        seconds = wait_for(partial(has_scores_of, store, wanted), NIGHT_SECONDS, f"the schedule's night {night}")
        print(f"\nnight {night}: results after {seconds:.0f} s")
    for results in list_results(store, MODEL, "score"):
        ended = stack.wait_until_ended(UUID(results.flow_run), NIGHT_SECONDS)
        assert ended.state.is_completed(), stack.log_of(ended.id)
        assert ended.auto_scheduled


def has_scores_of(store: Store, paths: list[str]) -> bool:
    """Whether these pictures have scores, each once, and no others."""
    tables = [read_table(store, results) for results in list_results(store, MODEL, "score")]
    return sorted(path for table in tables for path in table["path"]) == paths
