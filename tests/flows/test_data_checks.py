"""Nights of a folder that changes, by the real flow: what breaks a check ends the run before anything trains."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from aepipe.cli.releases import show_release
from aepipe.flows.pipeline import pipeline
from aepipe.flows.train import train
from aepipe.gate.settings import PublishSettings
from aepipe.noise import NoiseParameters
from aepipe.recipes.plan import Overrides
from aepipe.releases.channels import read_channel
from aepipe.releases.manifest import list_releases, read_manifest
from aepipe.stages.data import DataSettings
from aepipe.store import open_store

WHY = "two new <models> of shoes"


def put(folder, numbers, brightness: float = 128) -> None:
    """Smooth random pictures; each follows from its number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        noise = gaussian_filter(np.random.default_rng(number).normal(size=(16, 16)), 2)
        pixels = np.clip(brightness + 300 * noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:04}.png")


def night(place, **parameters):
    """Run the pipeline on the folder as it is; return its state, and what it published."""
    state = pipeline(
        recipes=["mnist-dense"],
        data_set=f"images:{place / 'shoes'}",
        overrides=Overrides(epochs=60, learning_rate=0.01),
        noise=NoiseParameters(kinds=("gaussian",), levels=(0.2,), max_images=20),
        exports=[],
        store=str(place / "store"),
        publishing=PublishSettings(demand_baselines=False, regression_tolerance=1),
        return_state=True,
        **parameters,
    )
    return state, state.result(raise_on_failure=False)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A store with one night in production."""
    place = tmp_path_factory.mktemp("nights")
    for number, name in enumerate(("low", "middle", "high")):
        put(place / "shoes" / name, range(40 * number, 40 * (number + 1)))
    state, published = night(place)
    assert state.is_completed(), state.message
    assert published.channel_release == published.release, published.verdicts
    return place, published


@pytest.fixture
def place(first, tmp_path):
    """That place, to do with as one likes: it is as before afterwards, as what is done is done under its name."""
    (here, _), kept = first, tmp_path / "kept"
    shutil.copytree(here, kept)
    yield here
    shutil.rmtree(here)
    shutil.copytree(kept, here)


def page_of(state, place) -> str:
    """The page that a run's message names."""
    address = state.message.rpartition("What changed: ")[2]
    store = open_store(str(place / "store"))
    return store.get(address.removeprefix(f"{store.url}/")).decode()


def test_the_first_night_makes_the_checks_that_need_nothing_before(first):
    place, published = first
    release = place / "store" / "releases" / published.release
    (data,) = json.loads((release / "decision.json").read_text())["data"]
    lines = {line["name"]: line for line in data["lines"]}
    assert data["reference"] is None
    assert all(line["holds"] for line in lines.values())
    assert (lines["broken files"]["found"], lines["constant images"]["found"]) == (0, 0)
    assert lines["fewer images"]["says"] == "nothing to compare with yet"
    assert (release / "data" / "images-shoes-measures.npz").exists()
    assert "Data: images-shoes" in (release / "report.html").read_text()


def test_the_same_again_is_no_other_release(place):
    """What is compared with is another release by then, which the run did not come to."""
    before = list_releases(open_store(str(place / "store")))
    state, published = night(place)
    assert state.is_completed(), state.message
    assert published.was_published_before
    assert list_releases(open_store(str(place / "store"))) == before


def test_a_class_that_vanished_ends_the_run_before_anything_trains(place):
    store = open_store(str(place / "store"))
    trained, channel = stages(store, "train"), read_channel(store, "production")
    shutil.rmtree(place / "shoes" / "low")
    state, _ = night(place)
    assert state.is_failed()
    first_line, *lines = state.message.splitlines()
    assert first_line == "data: images-shoes: 2 checks are broken, so nothing was trained."
    assert lines[0].startswith("fewer images: 0.333, limit 0.2, had 120 images in release ")
    assert lines[1].startswith("classes that vanished: 1, limit 0, low; --set data.checks.most_vanished_classes=1")
    assert '--accept-data "why"' in lines[-1]
    assert (stages(store, "train"), read_channel(store, "production")) == (trained, channel)
    assert len(list_releases(store)) == 1
    alone = train("mnist-dense", data_set=f"images:{place / 'shoes'}", store=str(place / "store"), return_state=True)
    assert alone.message == state.message
    page = page_of(state, place)
    assert "Images that went: 40" in page
    assert "low/0000.png" in page


def test_data_that_somebody_accepts_are_trained_on_and_that_is_kept(place, capsys):
    put(place / "shoes" / "new", range(120, 180), brightness=60)
    for number in range(40):
        (place / "shoes" / "low" / f"cut-{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    broken, _ = night(place)
    said = broken.message.splitlines()
    assert said[1].startswith("broken files: 0.182, limit 0.1, ")
    assert said[2].startswith("classes that appeared: 1, limit 0, new; ")
    assert [line.partition(":")[0] for line in said[3:5]] == ["drift of brightness", "drift of codes"]
    assert "low/cut-0.png" in page_of(broken, place)
    accepted, published = night(place, accept_data=WHY)
    assert accepted.is_completed(), accepted.message
    store = open_store(str(place / "store"))
    kept = read_manifest(store, published.release).data_sets["images-shoes"]
    assert (kept.accepted.why, len(kept.broken)) == (WHY, 4)
    assert "flow run" in kept.accepted.by
    assert "two new &lt;models&gt; of shoes" in store.get(f"releases/{published.release}/report.html").decode()
    show_release(published.release, str(place / "store"))
    assert f"Why: {WHY}" in " ".join(capsys.readouterr().out.split())
    # No result of a stage depends on who accepted what, or on a limit.
    before = {name: stages(store, name) for name in ("data", "split", "train", "evaluate")}
    again, _ = night(place, data=DataSettings(most_left_out=0.3))
    assert again.is_completed(), again.message
    assert {name: stages(store, name) for name in before} == before


@pytest.mark.parametrize("accept_data", [None, "nobody was in"])
def test_an_empty_folder_is_a_failure_that_nobody_can_accept(place, accept_data):
    shutil.rmtree(place / "shoes")
    (place / "shoes").mkdir()
    state, _ = night(place, accept_data=accept_data)
    assert state.is_failed()
    first_line, said, _ = state.message.splitlines()
    assert first_line == "data: images-shoes: 1 check is broken, so nothing was trained."
    assert said.startswith("usable images: had 120 images in release ")
    assert "--accept-data" not in state.message
    assert "Images that went: 120" in page_of(state, place)
    assert len(list_releases(open_store(str(place / "store")))) == 1


def stages(store, name: str) -> set[str]:
    """The results of a stage that a store has."""
    return {info.key.split("/")[2] for info in store.list(f"stages/{name}/")}
