"""Pictures that a model is used on: in order, each with its digest, a broken one with its reason."""

import hashlib
import os
import zipfile
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image

from aepipe.errors import AepipeError, DataError, ParameterError
from aepipe.inference import pictures
from aepipe.inference.pictures import Picture, Unreadable, open_pictures
from aepipe.preprocess import Preprocessing
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.recipes.trained import TrainedRecipe, TrainingImages

IMAGES = TrainingImages(name="digits", pixel_range=(0, 255), preprocessing=Preprocessing())
TRAINED = TrainedRecipe(plan=plan_training("mnist-dense", "tuned", "quick", Overrides(), (8, 8, 1)), trained_on=IMAGES)
RANDOM = np.random.default_rng(0)


def grey(height=8, width=8):
    return RANDOM.integers(0, 256, (height, width), np.uint8)


def taken(images=None, rows=None, **how):
    """Everything that is found, and the account of it."""
    with open_pictures(None if images is None else str(images), rows) as opened:
        return [found for batch in opened.batches(TRAINED, **how) for found in batch], opened


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "b").mkdir(parents=True)
    Image.fromarray(grey(20, 12)).save(folder / "b" / "large.png")
    Image.fromarray(RANDOM.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / "a.png")
    frames = [Image.fromarray(grey()) for _ in range(3)]
    frames[0].save(folder / "c.tif", save_all=True, append_images=frames[1:])
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no jpeg")
    (folder / "notes").write_bytes(b"no picture")
    return folder


def test_pictures_come_in_order_with_what_they_are(folder):
    found, account = taken(folder)
    assert [one.path for one in found] == ["a.png", "b/large.png", "broken.jpg", "c.tif#0", "c.tif#1", "c.tif#2"]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert [one.digest for one in found[:3]] == [digests[name] for name in ("a.png", "b/large.png", "broken.jpg")]
    assert [one.digest for one in found[3:]] == [f"{digests['c.tif']}#{page}" for page in range(3)]
    assert isinstance(found[2], Unreadable)
    assert "must be a picture" in found[2].reason
    assert (found[0].was_resized, found[0].was_recoloured) == (False, True)
    assert (found[1].was_resized, found[1].was_recoloured) == (True, False)
    assert all(one.pixels.shape == (8, 8, 1) for one in found if isinstance(one, Picture))
    assert found[1].original.shape == (20, 12, 1)
    assert (account.num_pictures, account.num_unreadable, account.num_resized) == (5, 1, 1)
    assert [one.line for one in account.left_out] == ["1 left out, no picture: 1 without an ending"]


@pytest.mark.parametrize("keeps_originals", [False, True])
def test_originals_are_the_files_pixels(folder, keeps_originals):
    found, _ = taken(folder, keeps_originals=keeps_originals)
    for one in found:
        if isinstance(one, Picture):
            with Image.open(folder / one.path.partition("#")[0]) as image:
                image.seek(int(one.path.partition("#")[2] or 0))
                np.testing.assert_array_equal(one.original, np.atleast_3d(np.asarray(image)))
            assert (one.kept is not None) == keeps_originals


def test_processes_and_archives_give_what_the_folder_gives(folder, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for path in folder.rglob("*.*"):
            archive.write(path, path.relative_to(folder))
    expected, account = taken(folder)
    again, other = taken(f"images:{tmp_path / 'pictures.zip'}", batch_size=2)
    monkeypatch.setattr(pictures, "MIN_FILES_FOR_PROCESSES", 1)
    monkeypatch.setattr(pictures, "MAX_PIECE_FILES", 2)
    apart, third = taken(folder)
    for found in (again, apart):
        assert [(one.path, one.digest) for one in found] == [(one.path, one.digest) for one in expected]
    for one, same in zip(expected, apart, strict=True):
        if isinstance(one, Picture):
            np.testing.assert_array_equal(one.pixels, same.pixels)
            np.testing.assert_array_equal(one.original, same.original)
    assert account.sha256 == other.sha256 == third.sha256


def test_batches_have_their_size(folder):
    with open_pictures(str(folder)) as opened:
        assert [len(batch) for batch in opened.batches(TRAINED, batch_size=4)] == [4, 2]


def test_what_is_known_is_not_decoded(folder):
    found, _ = taken(folder)
    again, account = taken(folder, known={one.digest for one in found[1:]})
    assert ([one.path for one in again], account.num_skipped) == (["a.png"], 3)


def test_a_file_that_went_since_it_was_listed_is_a_row(folder):
    with open_pictures(str(folder)) as opened:
        (folder / "a.png").unlink()
        found = [one for batch in opened.batches(TRAINED) for one in batch]
    assert (found[0].path, found[0].digest) == ("a.png", None)
    assert "removed after it was listed" in found[0].reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_the_disk_does_not_give_ends_it(folder):
    (folder / "a.png").chmod(0)
    with pytest.raises(DataError, match="readable"):
        taken(folder)


def test_arrays_and_rows_have_the_digests_of_their_pixels(tmp_path):
    images = np.stack([grey(), grey()])
    np.savez(tmp_path / "arrays.npz", images=images)
    found, _ = taken(tmp_path / "arrays.npz")
    assert [one.path for one in found] == ["0", "1"]
    assert len({one.digest for one in found}) == 2
    again, account = taken(tmp_path / "arrays.npz", known={found[0].digest})
    assert ([one.path for one in again], account.num_skipped) == (["1"], 1)
    rows, _ = taken(rows="digits:all:13")
    assert [one.path for one in rows] == ["digits:all:0013"]
    assert rows[0].original.max() > 1 >= rows[0].pixels.max() > 0.9
    assert len(taken(rows="digits:all:0-9")[0]) == 10


def test_rows_whose_white_is_less_than_their_type_has_stay_within_it_at_another_size():
    plan = plan_training("mnist-dense", "tuned", "quick", Overrides(), (28, 28, 1))
    with open_pictures(None, "digits:all:0-99") as opened:
        found = [one for batch in opened.batches(TrainedRecipe(plan=plan, trained_on=IMAGES)) for one in batch]
    assert len(found) == 100
    assert max(one.pixels.max() for one in found) == 1


MISTAKES = MappingProxyType(
    {
        "digits": ParameterError,
        "digits:test": ParameterError,
        "digits:all:9-3": ParameterError,
        "digits:all:99999": ParameterError,
        "images:/x:all": ParameterError,
        "digit:all": DataError,
    }
)


@pytest.mark.parametrize("rows", MISTAKES)
def test_rows_that_are_none_are_refused(rows):
    with pytest.raises(MISTAKES[rows], match="Received"):
        taken(rows=rows)


@pytest.mark.parametrize("given", [(None, None), ("folder", "digits:all")])
def test_one_place_is_named(given):
    with pytest.raises(AepipeError, match="one place, or rows"):
        taken(*given)
