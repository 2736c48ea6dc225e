"""Noise: the same seed gives the same bytes in any order and batch, and each kind does what its name says."""

import hashlib

import numpy as np
import pytest
from pydantic import ValidationError

from aepipe import noise
from aepipe.noise import DRAWS, KINDS, NoiseParameters, NoiseSpec, corrupt

# sha256 of the noise on the ramp below. A change here changes every noisy test set that anybody has published.
DIGESTS = {
    "gaussian": "e930d8500a4ea4bf6f2146a1dfa70b55aca83a4294da5cfa207f39b3538636be",
    "heteroscedastic": "185764576bc0081b39f119b1bf8ad0567083b15e61994d235d413f919098e306",
    "salt-and-pepper": "6b30af4b9d142ce7a4880fc5a77e5f9ac9a3877e43808017a1f30287eceb834a",
    "masking": "12b33afb1f4307da45a582d52c8bd2438e17a9bf47a5998522229d26baeb2111",
    "dropout": "5f9d866c57425569bdc77ae0128d47450f347bafb4f9adb46d830e2855c6cb1d",
    "scratches": "836f357176f43eb97b60fe5a7bd90577068ca1d0a98e00e5230e6f373c2da7ef",
}


def test_scratches_are_in_a_test_set_that_names_them():
    assert set(DRAWS) - set(KINDS) == {"scratches"}
    assert NoiseParameters(kinds=("scratches",)).with_needed_kinds(True).kinds == ("scratches",)


@pytest.fixture
def ramp() -> np.ndarray:
    """(6, 12, 12, 1) in [0, 1], exact in 8 bits."""
    return (np.arange(6 * 144) % 256).reshape(6, 12, 12, 1).astype(np.float32) / np.float32(255)


def noise_on(images, kind="gaussian", level=0.2, seed=7, ids=None):
    return corrupt(images, NoiseSpec(kind=kind, level=level), seed, np.arange(len(images)) if ids is None else ids)


@pytest.mark.parametrize("kind", DRAWS)
def test_the_bytes_are_the_ones_that_were_published(ramp, kind):
    assert hashlib.sha256(noise_on(ramp, kind).tobytes()).hexdigest() == DIGESTS[kind]


@pytest.mark.parametrize("kind", DRAWS)
def test_order_and_batches_do_not_matter(ramp, kind):
    whole = noise_on(ramp, kind)
    order = np.array([4, 0, 5])
    np.testing.assert_array_equal(noise_on(ramp[order], kind, ids=order), whole[order])


@pytest.mark.parametrize("kind", DRAWS)
def test_seed_image_and_level_each_change_the_noise(kind):
    grey = np.full((2, 16, 16, 1), 0.5, np.float32)
    first = noise_on(grey, kind)
    assert (first[0] != first[1]).any()
    assert (first != noise_on(grey, kind, seed=8)).any()
    assert (first != noise_on(grey, kind, level=0.4)).any()


@pytest.mark.parametrize(("kind", "deviation"), [("gaussian", 0.1), ("heteroscedastic", 0.1 * (4 / 3) ** 0.5)])
def test_the_standard_deviation_is_the_level(kind, deviation):
    # A uniform deviation in [0, 2 s] has a mean square of 4/3 s squared.
    grey = np.full((20, 32, 32, 1), 0.5, np.float32)
    noise = noise_on(grey, kind, level=0.1) / 255 - 0.5
    assert noise.std() == pytest.approx(deviation, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.004)


def test_salt_and_pepper_touches_its_share_and_makes_black_and_white():
    grey = np.full((20, 32, 32, 1), 0.4, np.float32)
    noisy = noise_on(grey, "salt-and-pepper", level=0.3)
    assert np.mean(noisy == 0) == pytest.approx(0.15, abs=0.01)
    assert np.mean(noisy == 255) == pytest.approx(0.15, abs=0.01)
    assert set(np.unique(noisy)) == {0, 102, 255}


@pytest.mark.parametrize("level", [0.1, 0.4, 1.0])
def test_dropout_blacks_out_its_share(level):
    noisy = noise_on(np.ones((20, 32, 32, 3), np.float32), "dropout", level=level)
    assert np.mean(noisy == 0) == pytest.approx(level, abs=0.01)


@pytest.mark.parametrize("level", [0.1, 0.4])
def test_masking_blacks_out_whole_squares_in_all_channels(level):
    noisy = noise_on(np.ones((20, 32, 32, 3), np.float32), "masking", level=level)
    share = np.mean(noisy == 0, axis=(1, 2, 3))
    assert (share >= level).all()
    assert (share < level + 64 / 1024).all()
    np.testing.assert_array_equal(noisy[..., 0], noisy[..., 2])


@pytest.mark.parametrize("bad", [{"levels": (0,)}, {"levels": ()}, {"kinds": ("pink",)}, {"level": 0.1}, {"seed": -1}])
def test_bad_parameters_are_refused(bad):
    with pytest.raises(ValidationError):
        NoiseParameters(**bad)


@pytest.mark.parametrize(
    "bad",
    [
        {"levels": (1e-6,)},
        {"levels": (1.1,)},
        {"levels": (float("nan"),)},
        {"levels": (0.1, 0.1)},
        {"kinds": ("dropout", "dropout")},
        {"max_images": 0},
    ],
)
def test_levels_that_do_nothing_and_repetitions_are_refused(bad):
    with pytest.raises(ValidationError):
        NoiseParameters(**bad)


def test_masking_of_everything_covers_nearly_all_of_a_small_image():
    noisy = noise_on(np.ones((50, 8, 8, 1), np.float32), "masking", level=1.0)
    assert np.mean(noisy == 0) > 0.95


@pytest.mark.parametrize("kind", DRAWS)
def test_how_many_images_are_drawn_on_at_a_time_changes_nothing(kind, monkeypatch):
    images = np.random.default_rng(0).random((7, 8, 6, 3), np.float32)
    expected = noise_on(images, kind)
    monkeypatch.setattr(noise, "BATCH_VALUES", 2 * images[0].size)
    np.testing.assert_array_equal(noise_on(images, kind), expected)
