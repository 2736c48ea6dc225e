"""What is coarse in a picture from one place, what is finer from another."""

import numpy as np
import pytest

from aepipe.inference import scales
from aepipe.inference.scales import reduced, with_coarse

SCENES = np.random.default_rng(0).uniform(0.2, 0.8, (2, 90, 60, 3)).astype(np.float32)


def test_bands_come_to_what_the_whole_picture_does(monkeypatch):
    coarse = reduced(SCENES, (30, 20))[::-1]
    whole = with_coarse(SCENES, coarse, (0, 1))
    monkeypatch.setattr(scales, "BAND_ROWS", 7)
    np.testing.assert_allclose(with_coarse(SCENES, coarse, (0, 1)), whole, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_nothing_changes_where_both_say_the_same(dtype):
    fine = np.round(SCENES * 200).astype(dtype)
    found = with_coarse(fine, reduced(fine, (45, 30)), (0, 255))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, fine)


def test_the_coarse_is_taken_and_the_fine_is_kept():
    """Stripes of one pixel on a slope: from one picture the stripes, from the other the slope."""
    y = np.mgrid[:64, :64][0] / 64
    stripes = (0.1 * (-1) ** np.arange(64))[None, :, None].repeat(64, 0)
    slope = (0.3 + 0.4 * y)[..., None]
    fine = (0.5 + stripes)[None].astype(np.float32)
    found = with_coarse(fine, reduced(slope[None].astype(np.float32), (16, 16)), (0, 1))
    inner = (slice(None), slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(found[inner], (slope + stripes)[None][inner], atol=0.01)
