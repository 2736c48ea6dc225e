"""Pictures of 12 bits that are not square: from their files through a training and back into files, with all bits."""

import numpy as np
import pytest
from PIL import Image
from published_models import NAMES, RECIPE, publish

import aepipe
from aepipe.inference.reconstruction import reconstruct_images
from aepipe.recipes.plan import Overrides
from aepipe.stages.data import DataParameters, DataSettings, DataStage, load_data
from aepipe.stages.request import TrainingRequest
from aepipe.stages.split import SplitStage
from aepipe.stages.train import TrainStage
from aepipe.store import open_store
from aepipe.store.local_files import local_file

WHITE = 4095


def scene(number: int) -> np.ndarray:
    y, x = np.mgrid[:8, :12] / 12
    return np.round(WHITE * (0.5 + 0.5 * np.sin(3 * x + number) * np.cos(2 * y - number))).astype(np.uint16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twenty scenes, of which one is 8 bits deep."""
    folder = tmp_path_factory.mktemp("scenes")
    for number in range(19):
        Image.fromarray(scene(number)).save(folder / f"{number:02}.tif")
    Image.fromarray((scene(19) // 16).astype(np.uint8)).save(folder / "19.png")
    return folder


@pytest.fixture(scope="module")
def store(folder, tmp_path_factory):
    """A release of a model that was trained on them."""
    store = open_store(tmp_path_factory.mktemp("deep") / "store")
    request = TrainingRequest(
        recipe=RECIPE, data_set=f"images:{folder}", data=DataSettings(fit="pad"), overrides=Overrides(max_steps=20)
    )
    data = DataStage(request.data_parameters()).produce(store)
    split = SplitStage(data, request.split_settings(data)).produce(store)
    trained = TrainStage(request.training_plan(data), data, split).produce(store)
    images = load_data(store, data)
    assert (images.image_shape, images.images.dtype, images.pixel_range) == ((8, 12, 1), np.uint16, (0, WHITE))
    publish(store, {name: local_file(store, trained.files[name]) for name in NAMES}, {RECIPE: "promoted"})
    return store


def test_reconstructions_have_the_bits_and_the_range_of_the_training(folder, store, tmp_path):
    reconstruct_images(str(folder), tmp_path / "out", store, RECIPE)
    loaded = aepipe.load(store, RECIPE)
    expected = loaded.reconstruct(np.stack([scene(number) for number in range(19)])[..., np.newaxis])
    for number in range(19):
        with Image.open(tmp_path / "out" / f"{number:02}.tif.png") as written:
            values = np.asarray(written)
        assert (written.mode, values.dtype) == ("I;16", np.uint16)
        np.testing.assert_allclose(values, np.clip(expected[number, ..., 0], 0, 1) * WHITE, atol=1)
    assert (tmp_path / "out" / "19.png").is_file()


def test_a_picture_of_another_shape_has_borders(store, tmp_path):
    page = np.full((40, 20), 1000, np.uint16)
    page[10:30, 5:15] = 3000
    Image.fromarray(page).save(tmp_path / "page.tif")
    (tmp_path / "in").mkdir()
    (tmp_path / "page.tif").rename(tmp_path / "in" / "page.tif")
    done = reconstruct_images(str(tmp_path / "in"), tmp_path / "out", store, RECIPE)
    assert "with borders where the shape is another" in " ".join(done.lines())
    assert done.loaded.trained.form.apply(page)[:, [0, -1]].max() < 1200


def test_arrays_of_16_bits_are_read_as_files_are(folder, store, tmp_path):
    np.savez(tmp_path / "scenes.npz", images=np.stack([scene(number) for number in range(19)]))
    data = DataStage(DataParameters(data_set=f"images:{tmp_path / 'scenes.npz'}")).produce(store)
    images = load_data(store, data)
    assert (images.images.dtype, images.pixel_range) == (np.uint16, (0, WHITE))
    assert np.array_equal(images.images[3][..., 0], scene(3))
    of_arrays = reconstruct_images(str(tmp_path / "scenes.npz"), tmp_path / "arrays", store, RECIPE)
    of_files = reconstruct_images(str(folder), tmp_path / "files", store, RECIPE)
    errors = [[one.mse_per_pixel for one in found.errors] for found in (of_arrays, of_files)]
    assert errors[0] == pytest.approx(errors[1][:19])
