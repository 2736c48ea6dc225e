"""A mask of one's own images, from the pipeline to scores, codes and restored pictures of new ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import aepipe
from aepipe.datasets.pixel_mask import PixelMask
from aepipe.flows.pipeline import pipeline
from aepipe.gate.settings import PublishSettings
from aepipe.inference.encoding import encode_pictures
from aepipe.inference.restore import restore_pictures
from aepipe.inference.score import score_pictures
from aepipe.noise import NoiseParameters
from aepipe.recipes.plan import Overrides
from aepipe.recipes.trained import TrainedRecipe
from aepipe.releases.channels import read_channel
from aepipe.store import Store, open_store

MODEL = "mnist-dense@images-rack"
DIGITS = np.kron(np.round(load_digits().images[:150] * (255 / 16)).astype(np.uint8), np.ones((4, 4), np.uint8))
# What a camera prints into the corner of its pictures, of which a quarter of their width and height is left out.
DATE = np.s_[:, 24:, 24:]
RANDOM = np.random.default_rng(0)


def dated(pictures: np.ndarray) -> np.ndarray:
    """Return pictures with something else in the corner of each."""
    printed = pictures.copy()
    printed[DATE] = RANDOM.integers(0, 256, printed[DATE].shape, np.uint8)
    return printed


def save(folder: Path, pictures: np.ndarray) -> str:
    folder.mkdir(parents=True)
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{number:03}.png")
    return str(folder)


@pytest.fixture(scope="module")
def rack(tmp_path_factory) -> Path:
    """Pictures of 32 x 32 with dates, a mask that leaves the dates out, and new pictures with one date or another."""
    top = tmp_path_factory.mktemp("masked")
    save(top / "rack", dated(DIGITS[:140]))
    for name in ("monday", "tuesday"):
        save(top / name, dated(DIGITS[140:]))
    mask = np.full((32, 32), 255, np.uint8)
    mask[DATE[1:]] = 0
    Image.fromarray(mask).save(top / "mask.png")
    return top


@pytest.fixture(scope="module")
def masked(rack, tmp_path_factory) -> Store:
    """What a run on them published, reduced to 16 x 16."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AEPIPE_CACHE", str(tmp_path_factory.mktemp("cache")))
        state = pipeline(
            recipes=["mnist-dense"],
            data_set=f"images:{rack / 'rack'}",
            data={"size": "16", "mask": str(rack / "mask.png")},
            overrides=Overrides(epochs=100, learning_rate=0.003, code_size=16, optimizer={"name": "adam"}),
            noise=NoiseParameters(kinds=("gaussian",), levels=(0.2,), max_images=20),
            exports=[],
            publishing=PublishSettings(demand_baselines=False),
            store=str(rack / "store"),
            return_state=True,
        )
    state.result(raise_on_failure=False)
    assert state.is_completed(), state.message
    return open_store(rack / "store")


def test_a_release_has_the_mask(masked):
    release = read_channel(masked, "production").release
    recipe = TrainedRecipe.model_validate_json(masked.get(f"releases/{release}/models/{MODEL}/recipe.json"))
    expected = np.ones((16, 16), bool)
    expected[12:, 12:] = False
    assert recipe.trained_on.mask == PixelMask.of(expected)
    line = "mask.png: 93.8% of the pixels count, the others are black"
    assert line in masked.get(f"releases/{release}/report.html").decode()
    assert line in masked.get(f"releases/{release}/models/{MODEL}/card.md").decode()


def test_a_score_does_not_see_what_is_left_out(rack, masked):
    found = []
    for name in ("monday", "tuesday"):
        output = rack / f"scores-{name}"
        score_pictures(str(rack / name), masked, MODEL, output=output, worst=1)
        found.append(pd.read_parquet(output / "scores.parquet")[["error", "score", "p_value"]].to_numpy())
    np.testing.assert_array_equal(*found)


def test_without_a_mask_it_does(rack, monkeypatch, tmp_path):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path))
    loaded = aepipe.train(rack / "rack", "mnist-dense", data={"size": "16"}, max_steps=2, verbose=False)
    assert loaded.trained.trained_on.mask is None
    one, other = (loaded.score(dated(DIGITS[140:]), pixel_range=(0, 255))["error"] for _ in range(2))
    assert (one != other).all()


def test_neither_does_a_code(rack, masked):
    codes = []
    for name in ("monday", "tuesday"):
        output = rack / f"codes-{name}"
        encode_pictures(str(rack / name), masked, MODEL, output=output, file_format="npy")
        codes.append(np.load(output / "codes.npy"))
    np.testing.assert_array_equal(*codes)


def test_arrays_in_python_have_the_mask_of_files(masked):
    loaded = aepipe.load(masked, MODEL)
    images = DIGITS[140:]
    seen = loaded.preprocess(images, (0, 255))
    assert not seen[:, 12:, 12:].any()
    np.testing.assert_array_equal(seen, loaded.preprocess(dated(images), (0, 255)))
    np.testing.assert_array_equal(seen, loaded.preprocess(seen))


def test_restored_pictures_are_black_there_at_their_own_size(rack, masked):
    restored = []
    for name in ("monday", "tuesday"):
        output = rack / f"restored-{name}"
        done = restore_pictures(str(rack / name), masked, MODEL, output=output, reference=str(rack / "monday"))
        restored.append(np.stack([np.asarray(Image.open(path)) for path in sorted(output.glob("pictures/*.png"))]))
        # What is black in both is no difference.
        assert done.summary()["mse_before"] == 0
        assert done.summary()["num_tiled"] == 10
        said = "By the mask of what it learned from, 93.8% of the pixels count, the others are black."
        assert said in done.lines()
    assert restored[0].shape == (10, 32, 32)
    assert not restored[0][DATE].any()
    assert restored[0][:, :24].any()
    np.testing.assert_array_equal(*restored)
