"""The whole job on the embedded digits, against a real Prefect server and a real store."""

import html
import json
import re
import shutil
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import TaskRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.settings import PREFECT_API_URL
from prefect.states import Completed

from aepipe.cli import training as commands
from aepipe.cli.mistakes import refuse_mistakes
from aepipe.cli.nothing_to_do import find_without_a_run
from aepipe.datasets.index import read_index
from aepipe.errors import ParameterError
from aepipe.flows.executors import lanes, train_all
from aepipe.flows.executors.executor import Shared
from aepipe.flows.pipeline import pipeline
from aepipe.gate.settings import PublishSettings
from aepipe.io.hashing import file_sha256
from aepipe.noise import NoiseParameters
from aepipe.publishing import upkeep
from aepipe.recipes.plan import Overrides
from aepipe.releases.channels import read_channel
from aepipe.releases.manifest import list_releases, read_manifest, resolve_release
from aepipe.releases.verify import find_problems
from aepipe.stages.outcome import Done
from aepipe.stages.request import TrainingRequest, with_needed_noise
from aepipe.store import open_store

NOISE = NoiseParameters(kinds=("gaussian",), levels=(0.2, 0.4), max_images=50)
TWO = ["mnist-dense", "mnist-variational"]
DENSE, VARIATIONAL = MODELS = [f"{recipe}@digits" for recipe in TWO]
SPOTS = "mnist-dense@images-spots"


def run(store, recipes=TWO, epochs=40, exports=(), data_set="digits", **parameters):
    state = pipeline(
        recipes=recipes,
        data_set=data_set,
        # Enough for the gate: better than the mean image.
        overrides=Overrides(epochs=epochs, learning_rate=0.01),
        noise=NOISE,
        # Each format takes seconds for every recipe.
        exports=list(exports),
        store=str(store),
        publishing=PublishSettings(demand_baselines=False),
        return_state=True,
        **parameters,
    )
    return state, state.result(raise_on_failure=False)


def as_by_command(folder) -> dict:
    """What the command calls the flow with that `published` called."""
    chosen = {
        "recipes": TWO,
        "data_set": "digits",
        "overrides": {"epochs": 40, "learning_rate": 0.01},
        "noise": NOISE.model_dump(mode="json"),
        "exports": [],
        "store": str(folder),
        "setting": "tuned",
        "preset": "full",
        "publishing": {"demand_baselines": False},
    }
    return chosen | {group: {} for group in ("recipe_overrides", "data", "split", "checkpoints", "timeouts")}


def latest_run():
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=1)[0]


def task_runs(flow_run_id) -> dict[str, str]:
    """Name to state name of all task runs of a flow run and its subflows, once the server has all their ends."""
    deadline = time.monotonic() + 60
    # A task's states reach the server as events, which may come after the end of its flow.
    while not all(one.state and one.state.is_final() for one in read_task_runs(flow_run_id)):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return {one.name: one.state_name for one in read_task_runs(flow_run_id)}


def read_task_runs(flow_run_id) -> list[TaskRun]:
    with get_client(sync_client=True) as client:
        found, waiting = [], [flow_run_id]
        while waiting:
            of_flow = client.read_task_runs(flow_run_filter=FlowRunFilter(id={"any_": [waiting.pop()]}))
            found += of_flow
            waiting += [child for one in of_flow if one.state and (child := one.state.state_details.child_flow_run_id)]
    return found


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Two recipes, run once for the tests that only look."""
    folder = tmp_path_factory.mktemp("store")
    state, result = run(folder)
    assert state.is_completed(), state.message
    return folder, state, result


def test_a_training_whose_end_the_server_told_without_its_result_is_found_in_the_store(published, monkeypatch):
    folder, _, _ = published
    overrides = Overrides(epochs=40, learning_rate=0.01)
    chosen = {"data_set": "digits", "overrides": overrides, "noise": NOISE, "exports": ()}
    (request,) = with_needed_noise([TrainingRequest(recipe="mnist-dense", **chosen)])
    # As where an answer is lost: Prefect asks again, and is given the state that the server has.
    monkeypatch.setattr(lanes, "train", lambda **_: Completed())

    @flow
    def parent():
        return lanes.train_here(request, Shared(store=str(folder)))

    outcome = parent()
    assert (type(outcome), outcome.model) == (Done, DENSE)
    assert outcome.trained.fingerprint == list_releases(open_store(str(folder)))[-1].lineage[DENSE]["trained"]


def test_a_recipe_file_is_trained_by_its_text_and_kept_in_the_release(published, tmp_path):
    shutil.copytree(published[0] / "stages", tmp_path / "stages")
    text = 'name = "thin"\nextends = "dense"\ntitle = "A thin network"\n[model]\nhidden_widths = [20]\ncode_size = 6\n'
    state, result = run(tmp_path, recipes=[], recipe_file=text)
    assert state.is_completed(), state.message
    manifest = resolve_release(open_store(str(tmp_path)), result.release)
    assert list(manifest.recipes) == ["thin@digits"]
    assert manifest.parameters["recipe_file"] == text
    models = tmp_path / "releases" / result.release / "models" / "thin@digits"
    assert json.loads((models / "recipe.json").read_text())["plan"]["model"]["hidden_widths"] == [20]
    assert "A thin network" in (models / "card.md").read_text()
    # Another comment is no other recipe: nothing is trained again.
    state, _ = run(tmp_path, recipes=[], recipe_file=f"{text}# A comment.\n")
    assert "1 of 1 recipes were in the store" in state.message


def test_every_file_of_a_release_is_in_its_manifest_with_its_bytes(published):
    folder, _, result = published
    release = folder / "releases" / result.release
    manifest = json.loads((release / "manifest.json").read_text())
    there = {path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()}
    assert there == {entry["path"] for entry in manifest["files"]} | {"manifest.json"}
    for entry in manifest["files"]:
        path = release / entry["path"]
        assert (entry["sha256"], entry["size"]) == (file_sha256(path), path.stat().st_size)


def test_a_release_has_what_the_design_says(published):
    folder, _, result = published
    release = folder / "releases" / result.release
    for path in ("decision.json", "report.html", "metrics.csv", "metrics.json", "noisy-test-sets/digits-fraction.npz"):
        assert (release / path).stat().st_size > 0
    for model in MODELS:
        there = {path.name for path in (release / "models" / model).rglob("*")}
        expected = {"model.keras", "encoder.keras", "decoder.keras", "saved_model.zip", "card.md", "recipe.json"}
        assert expected <= there
        assert {"history.csv", "codes.npz", "reconstructions.png", "loss_curves.png"} <= there
        assert any(name.startswith("events.out.tfevents") for name in there)
    of_generator = release / "models" / VARIATIONAL
    assert all((of_generator / f"figures/{name}.png").is_file() for name in ("samples", "latent_grid"))
    assert (of_generator / "code-mixture.npz").is_file()


def test_what_new_images_come_to_is_said_of_a_generative_model_alone(published):
    folder, _, result = published
    recipes = resolve_release(open_store(str(folder)), result.release).recipes
    assert recipes[DENSE].metrics["elbo_nats"] is None
    numbers = recipes[VARIATIONAL].metrics
    parts = numbers["elbo_reconstruction_nats"] - numbers["elbo_divergence_nats"]
    assert numbers["elbo_nats"] == pytest.approx(parts)
    assert numbers["elbo_nats"] < 0
    assert 0 < numbers["frechet_real_percent"] < numbers["frechet_prior_percent"]
    metrics = pd.read_csv(folder / "releases" / result.release / "metrics.csv")
    told = metrics[metrics.metric.str.startswith(("elbo", "frechet", "num_active"))]
    assert set(told.recipe) == {"mnist-variational"}
    assert len(told) == 8
    cards = [(folder / "releases" / result.release / "models" / model / "card.md").read_text() for model in MODELS]
    assert ["| ELBO (nats an image) |" in card for card in cards] == [False, True]


def test_the_baselines_of_a_release_go_with_it_and_not_before(published, tmp_path):
    folder, _, result = published
    shutil.copytree(folder, tmp_path / "store")
    store = open_store(str(tmp_path / "store"))
    baselines = {info.key.split("/")[2] for info in store.list("stages/baselines/")}
    assert baselines
    assert upkeep.prune(store, keep=1, grace_hours=0, delete=False).stages == ()
    store.delete_many([info.key for info in store.list("channels/")])
    done = upkeep.prune(store, keep=0, grace_hours=0, delete=True)
    assert [release.release for release in done.releases] == [result.release]
    assert baselines <= {stage.prefix.split("/")[2] for stage in done.stages}
    assert list(store.list("stages/")) == []


def test_the_published_model_has_the_error_that_was_reported(published):
    """Computed here from the published bytes and scikit-learn's digits, by nothing of the evaluation."""
    import keras
    from sklearn.datasets import load_digits

    import aepipe.models.layers
    import aepipe.models.subclassed  # noqa: F401 - registers custom layers, as the card says

    folder, _, result = published
    release = folder / "releases" / result.release / "models" / DENSE
    with np.load(release / "codes.npz") as held_out:
        images = load_digits().images[held_out["rows"]][..., None].astype(np.float32) / 16
    outputs = keras.saving.load_model(release / "model.keras").predict(images, verbose=0)
    manifest = json.loads((folder / "releases" / result.release / "manifest.json").read_text())
    assert manifest["recipes"][DENSE]["mse_per_pixel"] == pytest.approx(np.mean((outputs - images) ** 2), rel=1e-4)


def test_a_format_that_is_asked_for_later_is_made_of_what_is_there_and_says_how_near_it_is(published, tmp_path):
    shutil.copytree(published[0], tmp_path / "store")
    state, result = run(tmp_path / "store", recipes=["mnist-dense"], exports=("onnx",))
    assert "1 of 1 recipes were in the store" in state.message
    manifest = resolve_release(open_store(tmp_path / "store"), result.release)
    assert [manifest.stages[DENSE][stage].was_cached for stage in ("trained", "exported")] == [True, False]
    exports = manifest.recipes[DENSE].exports
    assert set(exports) == {"keras", "saved-model", "onnx"}
    assert all(found["max_abs_difference"] < 1e-4 for found in exports.values())
    there = {path.name for path in (tmp_path / "store" / "releases" / result.release / "models" / DENSE).iterdir()}
    assert {"model.onnx", "encoder.onnx", "decoder.onnx"} <= there
    assert "model.tflite" not in there


def test_the_code_in_the_report_loads_the_model(published):
    folder, _, result = published
    page = (folder / "releases" / result.release / "report.html").read_text()
    codes = [html.unescape(code) for code in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)]
    assert len(codes) == len(TWO)
    images = np.zeros((3, 8, 8, 1), np.uint8)
    for model, code in zip(MODELS, codes, strict=True):
        names = {"images": images}
        exec(code, names)
        assert names["loaded"].name == model
        assert names["reconstructions"].shape == images.shape
        assert names["loaded"].decode(names["codes"]).shape == images.shape


def test_the_index_links_the_report(published):
    folder, _, result = published
    assert f'href="releases/{result.release}/report.html"' in (folder / "index.html").read_text()


def test_the_second_run_of_the_same_parameters_trains_nothing_and_says_so(published):
    folder, _, first = published
    state, second = run(folder)
    assert state.message == f"nothing changed since {first.release}. Production is {first.release}."
    assert second.release == first.release
    assert second.is_unchanged
    names = task_runs(state.state_details.flow_run_id)
    assert {name: state for name, state in names.items() if name.startswith("find")} == {
        f"find/{DENSE}": "Cached",
        f"find/{VARIATIONAL}": "Cached",
    }
    assert not [name for name in names if name.startswith("train")]


@pytest.mark.parametrize(
    "changed",
    [
        {"refresh": True},
        {"overrides": {"epochs": 41}},
        {"publishing": {}},
        {"start_from": "production"},
        {"at_once": 1},
    ],
    ids=str,
)
def test_whether_there_is_nothing_to_do_is_found_without_a_run(published, changed):
    folder, _, first = published
    chosen = as_by_command(folder)
    found = find_without_a_run(chosen, refuse_mistakes(chosen))
    assert found is not None
    assert found.summary == f"nothing changed since {first.release}. Production is {first.release}."
    asked = chosen | changed
    assert find_without_a_run(asked, refuse_mistakes(asked)) is None


def test_a_server_that_is_named_is_told_of_a_run_with_nothing_to_do_as_if_it_had_run(published, monkeypatch, capsys):
    folder, _, first = published
    # Set first, so that what the command sets is taken back.
    monkeypatch.setenv("PREFECT_API_URL", PREFECT_API_URL.value())
    monkeypatch.setattr("aepipe.cli.training.parse_changes", lambda _: as_by_command(folder))
    commands.run(server=PREFECT_API_URL.value())
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        f"nothing changed since {first.release}. Production is {first.release}.",
        f"Report: {first.report_uri}",
    ]
    assert "all of it is there; Prefect server" in printed.err
    told = latest_run()
    ran = pipeline(**as_by_command(folder), return_state=True)
    engine = latest_run()
    assert engine.id == ran.state_details.flow_run_id != told.id
    for fact in ("name", "flow_id", "parameters", "state_name"):
        assert getattr(told, fact) == getattr(engine, fact)
    assert told.state.message == engine.state.message
    assert told.start_time <= told.end_time
    assert task_runs(told.id) == {}
    # The limits of a run hold for it, too.
    monkeypatch.setenv("AEPIPE_STORES", str(folder / "another"))
    with pytest.raises(ParameterError, match="A run names a store of those that its worker allows"):
        commands.run(server=PREFECT_API_URL.value())
    assert latest_run().id == engine.id


def test_another_epochs_value_for_one_recipe_retrains_and_judges_that_recipe_alone(published):
    """Worse than the channel's model it is held, and production keeps its own; the other recipe's goes in."""
    folder, _, first = published
    state, second = run(folder, recipe_overrides={"mnist-dense": Overrides(epochs=8)})
    assert "1 of 2 recipes were in the store" in state.message
    assert "Changed: parameters recipe_overrides." in state.message
    assert second.release != first.release
    names = task_runs(state.state_details.flow_run_id)
    assert len([name for name in names if name.startswith("train/")]) == 1
    assert {
        name.split("/")[0]: state for name, state in names.items() if name.startswith(("data/", "split/", "noise/"))
    } == {
        "data": "Cached",
        "split": "Cached",
        "noise": "Cached",
    }
    assert [verdict.verdict for verdict in first.verdicts] == ["first", "first"]
    assert [verdict.verdict for verdict in second.verdicts] == ["held", "promoted"]
    worse, same = (verdict.comparison for verdict in second.verdicts)
    assert (worse.shown, same.is_equal) == ("worse", True)
    store = open_store(str(folder))
    told = read_manifest(store, second.release).recipes[DENSE]
    assert told.behind_best == worse.behind_best > 0.02
    assert told.intervals["mse_per_pixel"].low < told.metrics["mse_per_pixel"] < told.intervals["mse_per_pixel"].high
    assert read_channel(store, "candidate").release == second.release
    production = resolve_release(store, "production")
    assert production.release == second.channel_release not in (first.release, second.release)
    origins = {model: said.origin for model, said in production.recipes.items()}
    assert origins == {DENSE: first.release, VARIATIONAL: second.release}
    assert find_problems(store, production, full=True) == []
    costs = resolve_release(store, second.release).stages
    was_cached = {model: {stage: cost.was_cached for stage, cost in stages.items()} for model, stages in costs.items()}
    early = {"data": True, "split": True, "noisy": True}
    assert was_cached == {
        DENSE: {**early, "trained": False, "evaluated": False, "calibrated": False},
        VARIATIONAL: {
            **early,
            "trained": True,
            "evaluated": True,
            "calibrated": True,
            "generated": True,
        },
    }
    assert costs[DENSE]["data"].rows == 1797
    assert costs[DENSE]["trained"].bytes > 10_000
    assert [manifest.release for manifest in list_releases(store)][-1] == first.release
    pages = [store.get(f"releases/{release}/report.html").decode() for release in (first.release, second.release)]
    # The reconstructions and extremes of both recipes, neither of which is a denoiser, and the samples of one.
    assert [len(re.findall(r"<figcaption>In the channel now \(.*?\): ", page)) for page in pages] == [0, 5]


def test_refresh_trains_again_to_the_same_bytes(published):
    folder, _, first = published
    model = folder / "releases" / first.release / "models" / DENSE / "model.keras"
    before = model.read_bytes()
    state, _ = run(folder, recipes=["mnist-dense"], refresh=True)
    assert "0 of 1 recipes were in the store" in state.message
    trained = [name for name in task_runs(state.state_details.flow_run_id) if name.startswith("train/")]
    stage = next((folder / "stages" / "train").glob(f"{trained[0].split('/')[1]}*"))
    content = json.loads((stage / "manifest.json").read_text())["content"]
    assert (stage / content / "model.keras").read_bytes() == before


def test_a_failed_recipe_leaves_the_others_and_is_named(published, tmp_path):
    # With the images in the store the plan is made, and refused, before anything is started.
    shutil.copytree(published[0] / "stages", tmp_path / "stages")
    state, result = run(tmp_path, recipe_overrides={"mnist-dense": Overrides(code_size=17)})
    assert state.is_failed()
    assert f"1 failed: {DENSE} (" in state.message
    assert "at most a quarter" in state.message
    release = tmp_path / "releases" / result.release
    decisions = {entry["model"]: entry for entry in json.loads((release / "decision.json").read_text())["verdicts"]}
    assert (decisions[DENSE]["verdict"], decisions[VARIATIONAL]["verdict"]) == ("failed", "first")
    assert not (release / "models" / DENSE).exists()
    assert (release / "models" / VARIATIONAL / "model.keras").exists()


def test_a_model_worse_than_the_mean_image_is_held_and_not_in_the_release(published, tmp_path):
    shutil.copytree(published[0] / "stages", tmp_path / "stages")
    state, result = run(tmp_path, recipes=["mnist-dense"], epochs=1)
    assert state.is_completed()
    assert f"Held: {DENSE}" in state.message
    release = tmp_path / "releases" / result.release
    assert not list(release.rglob("*.keras"))
    assert not list(release.rglob("card.md"))
    assert (release / "models" / DENSE / "figures" / "reconstructions.png").exists()
    assert read_channel(open_store(tmp_path), "candidate") is None
    again, _ = run(tmp_path, recipes=["mnist-dense"], epochs=1)
    assert f"Held as before: {DENSE}" in again.message


def test_a_picture_that_arrives_while_it_trains_belongs_to_the_next_run(published, tmp_path, monkeypatch, caplog):
    """What was taken of the images is said in the run's log, the report, the card and the manifest.

    And the models of other data in the same store stay in production, beside the one of these.
    """
    shutil.copytree(published[0], tmp_path / "store")
    store = open_store(tmp_path / "store")
    others = dict(resolve_release(store, "production").recipes)
    for number in range(40):
        save_spot(tmp_path / "spots" / "ab"[number % 2] / f"{number:02}.png", number)
    (tmp_path / "spots" / "a" / "broken.png").write_bytes(b"no picture")
    train_here = train_all.TRAIN["local"]

    def arrive_and_train(*arguments, **options):
        save_spot(tmp_path / "spots" / "a" / "new.png", 99)
        return train_here(*arguments, **options)

    monkeypatch.setitem(train_all.TRAIN, "local", arrive_and_train)
    data_set = f"images:{tmp_path / 'spots'}"
    chosen = {"epochs": 100, "data_set": data_set, "start_from": "production"}
    state, result = run(tmp_path / "store", recipes=["mnist-dense"], **chosen)
    assert state.is_completed(), state.message
    account = resolve_release(store, result.release).recipes[SPOTS].input
    assert (account["num_images"], account["num_files"]) == (40, 41)
    news = "images-spots: 40 images for the first time, 1 broken"
    assert state.message.startswith(f"{news}. ")
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(state.state_details.flow_run_id).name == news
    assert f"{SPOTS} begins with nothing: production has none of it yet" in caplog.text
    assert "images-spots: 40 images of 8 x 8, grey, from 40 of 41 files" in caplog.text
    pages = tmp_path / "store" / "releases" / result.release
    for text in (caplog.text, (pages / "report.html").read_text()):
        assert "1 left out, broken: a/broken.png" in text
    assert len(list((tmp_path / "store" / "stages" / "data").iterdir())) == 2
    (verdict,) = result.verdicts
    assert (verdict.model, verdict.verdict) == (SPOTS, "first")
    production = resolve_release(store, "production").recipes
    assert {name: said for name, said in production.items() if name != SPOTS} == others
    assert (production[SPOTS].recipe, production[SPOTS].data_set) == ("mnist-dense", "images-spots")
    monkeypatch.setitem(train_all.TRAIN, "local", train_here)
    # What production's model learned from is no news to it: only the picture that came meanwhile is.
    (tmp_path / "spots" / "a" / "new.png").rename(tmp_path / "new.png")
    same, _ = run(tmp_path / "store", recipes=["mnist-dense"], **chosen)
    assert same.message.startswith(f"nothing changed since {result.release}.")
    (tmp_path / "new.png").rename(tmp_path / "spots" / "a" / "new.png")
    compare_next_night(store, result, data_set)


def compare_next_night(store, before, data_set):
    """One picture more moves no other, and both models are compared on all that are held out."""
    state, after = run(store.url, recipes=["mnist-dense"], epochs=100, data_set=data_set)
    assert state.is_completed(), state.message
    parts = [part_of_each(store, result.release) for result in (before, after)]
    assert len(parts[1]) == 41
    assert parts[1].items() >= parts[0].items()
    (verdict,) = after.verdicts
    num_held_out = list(parts[1].values()).count("test")
    assert verdict.rules[-1].figures["images"] == verdict.rules[-1].figures["held_out"] == num_held_out
    assert f"{num_held_out} of {num_held_out} held-out images" in verdict.rules[-1].rule


def part_of_each(store, release):
    path = read_manifest(store, release).recipes[SPOTS].index
    rows = read_index(store.path(f"releases/{release}/{path}")).images
    return dict(zip(rows["path"], rows["part"], strict=True))


def save_spot(path, number):
    """A smooth picture that a model can learn."""
    y, x = np.mgrid[0:8, 0:8]
    generator = np.random.default_rng(number)
    spot = np.exp(-((y - generator.uniform(0, 8)) ** 2 + (x - generator.uniform(0, 8)) ** 2) / 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.round(255 * spot).astype(np.uint8)).save(path)
