"""Published models used by the real flows: what is new is used once, and what became of it is said."""

import numpy as np
import pytest
from PIL import Image
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from published_models import RECIPE, publish, train_on_digits
from sklearn.datasets import load_digits

from aepipe.flows.uses import encode, generate, restore, score
from aepipe.inference.loading import LocatedModel
from aepipe.inference.watched_runs import page_key
from aepipe.recipes.trained import TrainedRecipe
from aepipe.results import list_results
from aepipe.store import open_store
from aepipe.tasks import uses

NUM_PICTURES = 6


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("used")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AEPIPE_CACHE", str(folder / "cache"))
        store = open_store(str(folder / "store"))
        files = train_on_digits(store)
        size = TrainedRecipe.model_validate_json(files["recipe.json"].read_bytes()).plan.model.code_size
        np.savez(folder / "codes.npz", codes=np.random.default_rng(0).random((40, size), np.float32))
        files = {**files, "codes.npz": folder / "codes.npz"}
        publish(store, files, {RECIPE: "promoted"}, recipe=RECIPE)
        yield store


@pytest.fixture
def inbox(tmp_path):
    """A folder of some digits 3, and one file that is no picture."""
    for number, pixels in enumerate(load_digits().images[load_digits().target == 3][:NUM_PICTURES]):
        Image.fromarray(np.round(pixels * 255 / 16).astype(np.uint8)).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more of it")
    return tmp_path


def run(flow, store, inbox, **parameters):
    chosen = {"model": "dense", "images": str(inbox), "new_only": True, "store": store.url, **parameters}
    state = flow(**chosen, return_state=True)
    assert state.is_completed(), state.message
    return state.message


def artifact(key: str) -> str:
    with get_client(sync_client=True) as client:
        (found,) = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])))
    return found.data


def test_score_what_is_new_and_show_it(store, inbox, monkeypatch):
    message = run(score, store, inbox, worst=2)
    assert f"of {NUM_PICTURES} pictures anomalous" in message
    assert "1 file could not be read" in message
    (results,) = list_results(store, RECIPE, "score")
    assert results.flow_run is not None
    shown = artifact(f"score-{RECIPE}")
    assert results.run in shown
    assert "| num anomalous | 0 |" in shown
    assert f"{results.run}/page.html" in store.get(page_key(RECIPE)).decode()
    assert results.summary["watched"]["num_unreadable"] == 1

    # Nor does anything wait for TensorFlow then.
    monkeypatch.delattr(LocatedModel, "load")
    assert run(score, store, inbox).startswith("Nothing is new")
    assert list_results(store, RECIPE, "score") == [results]


def test_a_run_that_is_retried_ends_with_the_results_that_it_had_come_to(store, inbox, monkeypatch):
    watch = uses.watch
    tries = []

    def fail_once(*given):
        tries.append(given)
        if len(tries) == 1:
            raise RuntimeError("killed")
        return watch(*given)

    monkeypatch.setattr(uses, "watch", fail_once)
    before = list_results(store, RECIPE, "score")
    message = run(score.with_options(retries=1), store, inbox, new_only=False, worst=0)
    assert "had come to its results before" in message
    (own,) = (results for results in list_results(store, RECIPE, "score") if results not in before)
    assert own.run in message
    assert [given[2] for given in tries] == [own.run, own.run]
    # Another run of the same parameters is another use.
    run(score, store, inbox, new_only=False, worst=0)
    assert len(list_results(store, RECIPE, "score")) == len(before) + 2


def test_encode_what_is_new(store, inbox, monkeypatch):
    message = run(encode, store, inbox, file_format="npy")
    assert f"{NUM_PICTURES} codes of " in message
    (results,) = list_results(store, RECIPE, "encode")
    assert "codes.npy" in [file.path for file in results.files]
    assert results.run in artifact(f"encode-{RECIPE}")
    monkeypatch.delattr(LocatedModel, "load")
    assert run(encode, store, inbox).startswith("Nothing is new")


def test_generate_shows_a_sheet(store):
    state = generate(model="dense", num_images=4, store=store.url, return_state=True)
    assert state.is_completed(), state.message
    (results,) = list_results(store, RECIPE, "generate")
    shown = artifact(f"generate-{RECIPE}")
    assert results.run in shown
    assert "![sheet.png](data:image/webp" in shown


def test_restore_what_is_new(store, inbox, monkeypatch):
    message = run(restore, store, inbox, reference=str(inbox))
    assert f"{NUM_PICTURES} pictures restored" in message
    (results,) = list_results(store, RECIPE, "restore")
    assert results.run in artifact(f"restore-{RECIPE}")
    monkeypatch.delattr(LocatedModel, "load")
    assert run(restore, store, inbox).startswith("Nothing is new")
