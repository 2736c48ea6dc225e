"""Noisy test sets: the same bytes again, and damage is noticed."""

import json

import numpy as np
import pytest

from aepipe.errors import CorruptObjectError
from aepipe.noise import NoiseParameters
from aepipe.noisy_test_set import build_noisy_test_set, load_noisy_test_set, most_images, save_noisy_test_set


@pytest.fixture
def ramp() -> np.ndarray:
    """(6, 12, 12, 1) in [0, 1], exact in 8 bits."""
    return (np.arange(6 * 144) % 256).reshape(6, 12, 12, 1).astype(np.float32) / np.float32(255)


def test_a_saved_set_is_the_same_bytes_again_and_loads_as_it_was(ramp, tmp_path):
    parameters = NoiseParameters(kinds=("gaussian", "masking"), levels=(0.1, 0.3), seed=5, max_images=4)
    noisy = build_noisy_test_set("ramp", ramp, np.arange(6), np.arange(100, 106), parameters)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        save_noisy_test_set(noisy, tmp_path / name)
    for file in ("ramp.npz", "ramp.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
    loaded = load_noisy_test_set(tmp_path / "first" / "ramp.npz", tmp_path / "first" / "ramp.json")
    assert loaded.noisy.shape == (4, 4, 12, 12, 1)
    np.testing.assert_array_equal(loaded.image_ids, [100, 101, 102, 103])
    for spec in parameters.specs:
        np.testing.assert_array_equal(loaded.pair(spec)[1], noisy.pair(spec)[1])
    np.testing.assert_array_equal(loaded.clean, np.rint(ramp[:4] * 255))


def test_an_array_that_changed_is_noticed(ramp, tmp_path):
    noisy = build_noisy_test_set("ramp", ramp, None, np.arange(6), NoiseParameters(kinds=("dropout",), levels=(0.1,)))
    save_noisy_test_set(noisy, tmp_path)
    manifest = json.loads((tmp_path / "ramp.json").read_text())
    manifest["arrays"]["noisy"]["sha256"] = "0" * 64
    (tmp_path / "ramp.json").write_text(json.dumps(manifest))
    with pytest.raises(CorruptObjectError, match="array='noisy'"):
        load_noisy_test_set(tmp_path / "ramp.npz", tmp_path / "ramp.json")


@pytest.mark.parametrize("position", [0, 100, -1])
def test_a_damaged_archive_is_refused_before_it_is_opened(ramp, tmp_path, position):
    noisy = build_noisy_test_set("ramp", ramp, None, np.arange(6), NoiseParameters(kinds=("dropout",), levels=(0.1,)))
    save_noisy_test_set(noisy, tmp_path)
    content = bytearray((tmp_path / "ramp.npz").read_bytes())
    content[position] ^= 1
    (tmp_path / "ramp.npz").write_bytes(content)
    with pytest.raises(CorruptObjectError, match="Download it again"):
        load_noisy_test_set(tmp_path / "ramp.npz", tmp_path / "ramp.json")


def test_a_set_of_large_images_has_fewer_of_them():
    parameters = NoiseParameters()
    assert [most_images(side * side * 3, parameters) for side in (8, 64, 512)] == [1000, 86, 10]
    small = NoiseParameters(kinds=("gaussian",), levels=(0.2,), max_images=7)
    assert most_images(64 * 64 * 3, small) == 7
