"""Published models, loaded from both kinds of store: what they compute, and what is refused."""

import json

import numpy as np
import pytest
from published_models import PREPROCESSING, RECIPE, RELEASE, publish
from sklearn.datasets import load_digits

import aepipe
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.errors import CorruptObjectError, ObjectNotFoundError, ParameterError, StoreError
from aepipe.inference.loaded import MIN_VALUES_TO_COMPILE
from aepipe.io.folders import default_cache_folder
from aepipe.recipes.trained import TrainingImages
from aepipe.store import open_store
from aepipe.training.runtime import keras
from aepipe.training.saving import load_model, save_model

DIGITS = load_digits().images[:20].astype(np.uint8)


def test_the_models_compute_what_the_trained_ones_do(published_store, trained_files):
    loaded = aepipe.load(published_store, RECIPE)
    images = DIGITS[..., None].astype(np.float32) / 16
    assert (loaded.release, loaded.recipe, loaded.image_shape) == (RELEASE, RECIPE, (8, 8, 1))
    assert loaded.trained.trained_on == TrainingImages(
        name="digits-3", pixel_range=(0, 16), preprocessing=PREPROCESSING, pictures=PictureSettings(), scale=1.0
    )
    np.testing.assert_allclose(loaded.preprocess(DIGITS), images, atol=1e-7)
    expected = load_model(trained_files["model.keras"]).predict(images, verbose=0)
    np.testing.assert_allclose(loaded.reconstruct(DIGITS, batch_size=6), expected, atol=1e-5)
    codes = loaded.encode(DIGITS)
    assert codes.shape == (20, loaded.trained.plan.model.code_size)
    np.testing.assert_allclose(loaded.decode(codes), expected, atol=1e-5)
    with pytest.raises(ParameterError, match=r"shape \(n, \d+\), at least one. Received: shape="):
        loaded.decode(codes[:, 1:])


@pytest.mark.parametrize("store_url", ["folder"], indirect=True)
def test_large_batches_are_computed_by_compiled_models_to_the_same(published_store):
    loaded = aepipe.load(published_store, RECIPE)
    count = MIN_VALUES_TO_COMPILE // 64
    images = np.random.default_rng(0).random((count, 8, 8, 1), np.float32)
    for batch_size in (count, 100):
        found = [*loaded.see(images, batch_size), loaded.reconstruct(images, batch_size)]
        if batch_size == count:
            compiled = found
    # Each part was compiled, by the large batches alone.
    assert all(part.predict_function is not None for part in (loaded.model, loaded.encoder, loaded.decoder))
    for one, other in zip(compiled, found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_release_can_be_named_and_a_store_by_its_url(published_store):
    assert aepipe.load(published_store.url, RECIPE, RELEASE).release == RELEASE


@pytest.mark.parametrize("store_url", ["s3"], indirect=True)
def test_what_was_loaded_once_is_not_downloaded_again(published_store, monkeypatch):
    aepipe.load(published_store, RECIPE)
    with monkeypatch.context() as patch:
        patch.setattr(published_store, "get_file", None)
        assert aepipe.load(published_store, RECIPE).release == RELEASE
    (recipe,) = default_cache_folder().glob("objects/*/*.json")
    recipe.write_bytes(b"changed in the cache")
    assert aepipe.load(published_store, RECIPE).release == RELEASE


@pytest.mark.parametrize("store_url", ["folder"], indirect=True)
@pytest.mark.parametrize(
    ("recipe", "channel", "message"),
    [
        (
            RECIPE,
            "staging",
            r"no channel staging\. Received: .*channels=\['production'\]\. .*releases list",
        ),
        (RECIPE, "20250101T000000Z-000000", "Received: release='20250101T000000Z-000000'"),
        ("mnist-subclassed", "production", f"here: {RECIPE}. Received: model='mnist-subclassed', release="),
        ("faces-conv", "production", f"here: {RECIPE}. Received: .*verdict='held'"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(published_store, recipe, channel, message):
    with pytest.raises(ObjectNotFoundError, match=message):
        aepipe.load(published_store, recipe, channel)


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_damaged_model_is_never_loaded(published_store, damage):
    key = f"releases/{RELEASE}/models/{RECIPE}/decoder.keras"
    data = bytearray(published_store.get(key))
    data[len(data) // 2] ^= 1
    if damage == "gone":
        published_store.delete(key)
    else:
        published_store.put(key, bytes(data))
    with pytest.raises(CorruptObjectError, match=r"decoder\.keras.*aepipe releases verify .* --full"):
        aepipe.load(published_store, RECIPE)


@pytest.fixture
def folder_store(tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    return open_store(tmp_path / "store")


def check_refused(store, files, message):
    publish(store, files, {RECIPE: "promoted"})
    with pytest.raises((StoreError, ObjectNotFoundError), match=message) as caught:
        aepipe.load(store, RECIPE)
    assert "\n" not in str(caught.value)


def test_code_in_a_published_model_is_not_run(folder_store, trained_files, tmp_path):
    marker = tmp_path / "it-ran"
    images = keras.Input((8, 8, 1))
    code = keras.layers.Lambda(lambda x, path=str(marker): (open(path, "w"), x)[1], output_shape=(8, 8, 1))  # noqa: SIM115
    model = keras.Model(images, code(images))
    marker.unlink(missing_ok=True)
    save_model(model, tmp_path / "hostile.keras")
    files = {**trained_files, "model.keras": tmp_path / "hostile.keras"}
    check_refused(folder_store, files, r"safe mode.*models/mnist-dense/model\.keras.*Lambda")
    assert not marker.exists()


def test_what_is_no_model_is_refused(folder_store, trained_files, tmp_path):
    (tmp_path / "junk.keras").write_bytes(b"no zip file")
    check_refused(folder_store, {**trained_files, "encoder.keras": tmp_path / "junk.keras"}, "safe mode.*encoder")


def test_a_class_that_nobody_knows_is_refused(folder_store, trained_files, tmp_path):
    @keras.saving.register_keras_serializable(package="elsewhere")
    class Strange(keras.layers.Layer):
        def call(self, images):
            return images

    images = keras.Input((8, 8, 1))
    save_model(keras.Model(images, Strange()(images)), tmp_path / "strange.keras")
    keras.saving.get_custom_objects().pop("elsewhere>Strange")
    check_refused(folder_store, {**trained_files, "model.keras": tmp_path / "strange.keras"}, "safe mode.*Strange")


def test_a_model_without_its_preprocessing_is_refused(folder_store, trained_files, tmp_path):
    plan = json.loads(trained_files["recipe.json"].read_text())["plan"]
    (tmp_path / "recipe.json").write_text(json.dumps(plan))
    check_refused(folder_store, {**trained_files, "recipe.json": tmp_path / "recipe.json"}, "how images are prepro")


def test_a_model_without_a_part_is_refused(folder_store, trained_files):
    files = {name: path for name, path in trained_files.items() if name != "decoder.keras"}
    check_refused(folder_store, files, r"missing=\['decoder.keras'\]")
