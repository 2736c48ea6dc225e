"""Masks of anomalous images are read as the images are: fitted with them, and part of what the data are."""

import numpy as np
import pytest
from PIL import Image

from aepipe.datasets.formats.fitting import Form
from aepipe.datasets.own.masks import fitted_mask
from aepipe.errors import DataError
from aepipe.splits import SplitSettings
from aepipe.stages.data import DataParameters, DataSettings, DataStage, load_masks
from aepipe.stages.split import SplitStage, load_split
from aepipe.store import open_store


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


@pytest.fixture
def inspected(tmp_path):
    """Normal images and two scratched ones of 8 x 16, one of them with a mask."""
    folder, random = tmp_path / "set", np.random.default_rng(0)
    names = [f"train/good/{number}.png" for number in range(8)] + [f"test/good/{number}.png" for number in range(3)]
    for name in (*names, "test/scratch/0.png", "test/scratch/1.png"):
        save(folder / name, random.integers(0, 256, (8, 16)))
    mask = np.zeros((8, 16))
    mask[2:6, 6:10] = 1
    save(folder / "ground_truth/scratch/1_mask.png", mask)
    return folder


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


def read(store, folder, **settings):
    return DataStage(DataParameters(data_set=f"images:{folder}", settings=DataSettings(**settings))).produce(store)


def test_a_mask_is_cut_and_reduced_with_its_image(store, inspected):
    data = read(store, inspected, size="4x4")
    masks = load_masks(store, data)
    split = load_split(store, SplitStage(data, SplitSettings()).produce(store))
    assert masks.rows.tolist() == split.anomalous.tolist()[1:]
    expected = np.zeros((4, 4), bool)
    # Of 8 x 16 the middle 8 x 8 is taken.
    expected[1:3, 1:3] = True
    assert np.array_equal(masks.inside, expected[None])


def test_another_mask_is_another_state_of_the_data(store, inspected):
    before = read(store, inspected)
    save(inspected / "ground_truth/scratch/1_mask.png", np.full((8, 16), 255))
    after = read(store, inspected)
    assert after.fingerprint != before.fingerprint
    assert load_masks(store, after).inside.all()
    assert not load_masks(store, before).inside.all()


def test_a_set_without_masks_has_none(store, inspected):
    (inspected / "ground_truth/scratch/1_mask.png").unlink()
    assert load_masks(store, read(store, inspected)) is None


def test_a_mask_of_another_size_is_refused_by_name(store, inspected):
    save(inspected / "ground_truth/scratch/1_mask.png", np.ones((8, 8)))
    with pytest.raises(
        DataError, match=r"as large as its image\. .*scratch/1\.png.*image_size='8x16', mask_size='8x8'"
    ):
        read(store, inspected)


def test_what_is_smaller_than_a_pixel_stays():
    mask = np.zeros((64, 64), bool)
    mask[33, 20] = True
    found = fitted_mask(mask, Form((8, 8)))
    assert found[4, 2]
    assert found.sum() == 1
    assert not fitted_mask(np.zeros((64, 64), bool), Form((8, 8))).any()
