"""New pictures of a published model: the same seed gives the same bytes, and what can't be made is refused."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import app
from PIL import Image
from published_models import RECIPE, RELEASE, publish, train_on_digits
from sklearn.datasets import load_digits
from typer.testing import CliRunner

from aepipe.errors import ObjectNotFoundError, ParameterError
from aepipe.inference.generation import generate_pictures
from aepipe.inference.loading import load
from aepipe.results import list_results
from aepipe.store import Store, open_store

VARIATIONAL = "mnist-variational"


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store with a release of a variational model of digits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AEPIPE_CACHE", str(tmp_path_factory.mktemp("cache")))
        opened = open_store(tmp_path_factory.mktemp("store"))
        publish(opened, train_on_digits(opened, VARIATIONAL), {VARIATIONAL: "first"}, VARIATIONAL)
        yield opened


@pytest.fixture
def dense_store(trained_files, tmp_path, monkeypatch) -> Store:
    """A store with a release of a model that is not variational, with its held-out codes."""
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    codes = tmp_path / "codes.npz"
    np.savez(codes, codes=np.random.default_rng(0).normal(3, 0.1, (40, 8)).astype(np.float32))
    opened = open_store(tmp_path / "store")
    publish(opened, {**trained_files, "codes.npz": codes}, {RECIPE: "first"})
    return opened


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


def test_the_same_seed_gives_the_same_bytes_and_another_others(store, tmp_path):
    for name, seed in (("first", 7), ("again", 7), ("other", 8)):
        generate_pictures(10, store, VARIATIONAL, seed=seed, output=tmp_path / name)
    first, again, other = (bytes_of(tmp_path / name) for name in ("first", "again", "other"))
    names = [f"pictures/{number:02d}.png" for number in range(1, 11)]
    assert sorted(first) == ["pictures.parquet", *names, "sheet.png"]
    assert first == again
    assert len({*(first[name] for name in names), *(other[name] for name in names)}) == 20


def test_files_have_what_python_gives(store, tmp_path):
    generate_pictures(3, store, VARIATIONAL, seed=5, origin="prior", output=tmp_path / "new")
    images = load(store, VARIATIONAL).generate(3, seed=5, origin="prior")
    assert images.shape == (3, 8, 8, 1)
    assert images.min() >= 0
    assert images.max() <= 1
    written = [np.asarray(Image.open(path)) for path in sorted((tmp_path / "new" / "pictures").iterdir())]
    np.testing.assert_array_equal(np.stack(written), np.round(255 * images[..., 0]))
    table = pd.read_parquet(tmp_path / "new" / "pictures.parquet")
    assert table["path"].tolist() == ["pictures/1.png", "pictures/2.png", "pictures/3.png"]
    assert set(table["model"] + table["release"] + table["state"]) == {f"{VARIATIONAL}{RELEASE}ok"}


def test_new_codes_of_the_mixture_are_where_those_of_images_are(store):
    loaded = load(store, VARIATIONAL)
    digits = load_digits()
    codes = loaded.encode(digits.images[digits.target == 3].astype(np.uint8))
    drawn = loaded.code_mixture.draw(2000, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.mean(axis=0), codes.mean(axis=0), atol=0.3)
    # Those of the mixture are as the decoder saw them: drawn, and so wider than their means.
    assert np.all(drawn.std(axis=0) > 0.9 * codes.std(axis=0))


def test_pictures_between_two_begin_with_one_and_end_with_the_other(store, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8), np.uint8)
    for name, pixels in zip(("a", "b"), images, strict=True):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    loaded = load(store, VARIATIONAL)
    between = loaded.preprocess(images, (0, 255))
    way = loaded.generate(5, between=between)
    np.testing.assert_allclose(way[[0, -1]], np.clip(loaded.reconstruct(between), 0, 1), atol=1e-5)
    ends = (str(tmp_path / "a.png"), str(tmp_path / "b.png"))
    done = generate_pictures(5, store, VARIATIONAL, between=ends, output=tmp_path / "way")
    last = np.asarray(Image.open(tmp_path / "way" / "pictures" / "5.png"))
    np.testing.assert_array_equal(last, np.round(255 * way[-1, ..., 0]))
    assert "on the way from a.png to b.png" in " ".join(done.lines())
    with pytest.raises(ParameterError, match=r"leads from one image to another\. Received: num_ends=1"):
        loaded.generate(5, between=between[:1])


def test_the_command_puts_results_into_the_store(store):
    command = ["generate", "4", "--model", "variational", "--store", store.url, "--seed", "3", "--json"]
    told = json.loads(CliRunner().invoke(app, command, catch_exceptions=False).stdout)
    (manifest,) = list_results(store, VARIATIONAL, "generate")
    assert (told["run"], told["num_pictures"]) == (manifest.run, 4)
    assert manifest.settings == {"from": "mixture", "seed": 3}
    assert (manifest.source, manifest.inputs_sha256, manifest.num_pictures) == (None, None, 4)
    assert told["output"] == f"{store.url}/results/{VARIATIONAL}/{manifest.run}/"


def test_of_a_model_that_is_not_variational_there_is_no_prior_but_a_mixture(dense_store, trained_files, tmp_path):
    with pytest.raises(ParameterError, match=r"prior.*architecture='dense'.*mixture") as caught:
        generate_pictures(4, dense_store, RECIPE, origin="prior", output=tmp_path / "prior")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "prior").exists()
    done = generate_pictures(4, dense_store, RECIPE, output=tmp_path / "new")
    assert "not to make pictures" in " ".join(done.lines())
    np.testing.assert_allclose(load(dense_store, RECIPE).code_mixture.means.mean(), 3, atol=0.1)


def test_without_codes_there_is_no_mixture(published_store, tmp_path):
    with pytest.raises(ObjectNotFoundError, match=r"comes with codes\.npz.*prior"):
        generate_pictures(4, published_store, RECIPE, output=tmp_path / "new")


@pytest.mark.parametrize(("changes", "rule"), [({"num_images": 0}, "at least 1"), ({"num_images": 10_001}, "10,000")])
def test_how_many_is_bounded(store, tmp_path, changes, rule):
    with pytest.raises(ParameterError, match=f"{rule}.*Received: num_images={changes['num_images']}"):
        generate_pictures(**changes, store=store, model=VARIATIONAL, output=tmp_path / "new")
