"""Masks at the size of the images: what is left out of a picture changes nothing of what is seen of it."""

import numpy as np
import pytest
from pydantic import ValidationError

from aepipe.datasets.formats.fitting import Form
from aepipe.datasets.pixel_mask import MaskedForm, PixelMask, fitted_counts, with_mask

RANDOM = np.random.default_rng(0)


def ring(height, width):
    """What a round field of view shows, not quite in the middle."""
    rows, columns = np.mgrid[:height, :width]
    return (rows / height - 0.45) ** 2 + (columns / width - 0.55) ** 2 < 0.14


def test_a_mask_is_kept_as_text_and_comes_back():
    counts = ring(13, 9)
    mask = PixelMask.model_validate_json(PixelMask.of(counts).model_dump_json())
    np.testing.assert_array_equal(mask.counts, counts)
    assert mask.share == counts.mean()
    assert mask.text == PixelMask.of(counts).text != PixelMask.of(~counts).text
    largest = PixelMask.of(RANDOM.random((1024, 1024)) < 0.5)
    assert len(largest.bits) < 180_000


@pytest.mark.parametrize(
    "changes", [{"bits": "AA=="}, {"bits": "no bits!"}, {"height": 0}, {"height": 1025}, {"height": 5}, {"width": -1}]
)
def test_what_is_no_mask_is_refused(changes):
    mask = PixelMask.of(ring(13, 9))
    with pytest.raises(ValidationError):
        PixelMask(**{**mask.model_dump(), **changes})


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("own", [(40, 64), (33, 57), (64, 40), (7, 9), (16, 24)])
@pytest.mark.parametrize("shape", [(), (3,)])
def test_nothing_of_what_is_left_out_is_seen(fit, own, shape):
    counts, size = ring(*own), (16, 24)
    form = with_mask(Form(size, fit), PixelMask.of(fitted_counts(counts, size, fit)))
    one = RANDOM.integers(0, 256, (*own, *shape), np.uint8)
    other = np.where(counts.reshape(*own, *[1] * len(shape)), one, RANDOM.integers(0, 256, one.shape, np.uint8))
    assert not np.array_equal(one, other)
    made = form.apply(one)
    np.testing.assert_array_equal(made, form.apply(other))
    assert (made.shape, made.dtype) == ((*size, *shape), np.uint8)
    assert not made[~form.mask.counts].any()
    # Without the mask, what lies there is seen.
    assert not np.array_equal(Form(size, fit).apply(one), Form(size, fit).apply(other))
    # What is in the form already stays as it is.
    np.testing.assert_array_equal(form.apply(made), made)


def test_a_pixel_counts_where_all_in_it_does():
    counts = np.ones((8, 8), bool)
    counts[:3, 5:] = False
    expected = np.ones((4, 4), bool)
    expected[:2, 2:] = False
    np.testing.assert_array_equal(fitted_counts(counts, (4, 4), "crop"), expected)
    larger = np.ones((16, 16), bool)
    larger[:6, 10:] = False
    np.testing.assert_array_equal(fitted_counts(counts, (16, 16), "stretch"), larger)


def test_a_mask_is_cut_and_padded_as_pictures_are():
    counts = np.ones((8, 16), bool)
    counts[:, :5] = False
    cut = fitted_counts(counts, (8, 8), "crop")
    assert cut.all(axis=0).tolist() == [False] + [True] * 7
    padded = fitted_counts(counts, (16, 16), "pad")
    assert padded.any(axis=1).tolist() == [False] * 4 + [True] * 8 + [False] * 4
    assert padded[8].tolist() == [False] * 5 + [True] * 11


def test_black_is_what_black_is():
    mask = PixelMask.of(ring(8, 8))
    images = RANDOM.uniform(-1, 1, (2, 8, 8, 1)).astype(np.float32)
    covered = mask.cover(images, "crop", -1)
    assert covered.dtype == np.float32
    np.testing.assert_array_equal(covered[:, mask.counts], images[:, mask.counts])
    assert (covered[:, ~mask.counts] == -1).all()


def test_a_form_without_a_mask_stays_what_it_was():
    form, mask = Form((8, 8), "pad", is_grey=True), PixelMask.of(ring(8, 8))
    assert with_mask(form, None) is form
    assert form.text == "8x8-pad-grey"
    assert with_mask(form, mask) == MaskedForm((8, 8), "pad", True, mask=mask)
    assert with_mask(form, mask).text == f"8x8-pad-grey-{mask.text}"
