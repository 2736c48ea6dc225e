"""A mask of one's own images in a store: part of what the images are, wherever it lies, and of nothing else."""

import hashlib
import os
import shutil

import numpy as np
import pytest
from picture_files import encoded, pixels
from PIL import Image

from aepipe.datasets.own.reading import kept_of
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.errors import ChangedDataError, ParameterError
from aepipe.preprocess import Preprocessing
from aepipe.recipes.trained import TrainingImages
from aepipe.stages.data import DataParameters, DataSettings, DataStage, load_data, load_masks, load_pixel_mask
from aepipe.store import open_store


@pytest.fixture
def rack(tmp_path):
    """Normal pictures of 8 x 8, one with a defect that has a mask of its own, and what of all of them counts."""
    for name in [f"train/good/{number}.png" for number in range(8)] + ["test/good/8.png", "test/bad/9.png"]:
        path = tmp_path / "rack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(1 + pixels(8, 8) // 2))
    defect = np.zeros((8, 8), np.uint8)
    defect[2:4] = 255
    (tmp_path / "rack/ground_truth/bad").mkdir(parents=True)
    (tmp_path / "rack/ground_truth/bad/9_mask.png").write_bytes(encoded(defect))
    draw(tmp_path / "mask.png", 3)
    for path in tmp_path.rglob("*.png"):
        # As if nothing had been written for a while.
        os.utime(path, ns=(10**18, 10**18))
    return tmp_path


def draw(path, black):
    drawn = np.full((8, 8), 255, np.uint8)
    drawn[:, :black] = 0
    Image.fromarray(drawn).save(path)


def stage_of(rack, mask="mask.png", **settings) -> DataStage:
    place = None if mask is None else str(rack / mask)
    settings = DataSettings(mask=place, **settings)
    return DataStage(DataParameters(data_set=f"images:{rack / 'rack'}", settings=settings))


def test_the_same_mask_elsewhere_is_the_same_data_set(store, rack):
    first = stage_of(rack).produce(store)
    shutil.copy(rack / "mask.png", rack / "copy.png")
    again = stage_of(rack, "copy.png").produce(store)
    assert again.was_cached
    assert again.fingerprint == first.fingerprint
    assert first.said == ("11 files: 11 new, 0 changed, 0 gone; 11 read, 10 decoded",)
    assert again.said == ("11 files: 0 new, 0 changed, 0 gone; 0 read, 0 decoded",)


def test_another_mask_is_another_data_set(store, rack):
    found = [stage_of(rack).produce(store), stage_of(rack, None).produce(store)]
    draw(rack / "mask.png", 4)
    found.append(stage_of(rack).produce(store))
    for facts in ("identity", "images_sha256"):
        assert len({getattr(result.facts, facts) for result in found}) == 3
    assert len({result.fingerprint for result in found}) == 3
    blackened = [(load_data(store, result).images[:] == 0).all(axis=(0, 1, 3)).sum() for result in found]
    assert blackened == [3, 0, 4]
    shares = [mask and mask.share for mask in (load_pixel_mask(store, result) for result in found)]
    assert shares == [0.625, None, 0.5]


def test_a_run_has_the_mask_that_it_began_with(store, rack):
    began = stage_of(rack).produce(store)
    draw(rack / "mask.png", 4)
    later = stage_of(rack, identity=began.facts.identity)
    assert later.produce(store).was_cached
    with pytest.raises(ChangedDataError, match="those that the run began with"):
        later.produce(open_store(rack / "another store"))


def test_nothing_is_wrong_where_nothing_counts(store, rack):
    masks = load_masks(store, stage_of(rack).produce(store))
    expected = np.zeros((8, 8), bool)
    expected[2:4, 3:] = True
    np.testing.assert_array_equal(masks.inside, expected[None])


def test_it_is_refused_for_a_known_data_set_that_is_in_the_store(store):
    DataStage(DataParameters(data_set="digits")).produce(store)
    masked = DataStage(DataParameters(data_set="digits", settings=DataSettings(mask="mask.png")))
    with pytest.raises(ParameterError, match=r"A mask goes with pictures of your own\. Received: data_set='digits'"):
        masked.produce(store)


def test_it_changes_nothing_of_images_without_one(store, rack):
    assert "counting.npy" not in stage_of(rack, None).produce(store).files
    # What blocks of pixels lay under before there were masks.
    before = hashlib.sha256(b"8x8-crop/False/version").hexdigest()[:32]
    assert kept_of((8, 8), PictureSettings(), "version").name == before
    images = TrainingImages(name="rack", pixel_range=(0, 255), preprocessing=Preprocessing()).model_dump()
    del images["mask"]
    assert TrainingImages(**images).mask is None
