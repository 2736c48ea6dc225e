"""Layers grow with the images, and stop where a step and a file would become many times as large."""

import pytest

from aepipe.models.options import DenseOptions, count_parameters
from aepipe.models.scaling import scale_to_images


@pytest.mark.parametrize(
    ("shape", "widths", "code"),
    [
        ((28, 28, 1), (392, 196), 98),
        ((56, 56, 1), (1568, 784), 392),
        ((64, 64, 3), (2048, 2048), 512),
        ((128, 128, 3), (512, 512), 512),
        ((256, 256, 3), (512, 512), 512),
    ],
)
def test_widths_and_code_are_bounded(shape, widths, code):
    scaled = scale_to_images(DenseOptions(hidden_widths=(392, 196), code_size=98), (28, 28, 1), shape)
    assert (scaled.hidden_widths, scaled.code_size) == (widths, code)


def test_images_of_128_pixels_have_no_more_weights_than_those_of_64():
    small, large = (
        count_parameters(
            scale_to_images(DenseOptions(hidden_widths=(392, 196), code_size=98), (28, 28, 1), (side, side, 3)),
            (side, side, 3),
        )
        for side in (64, 128)
    )
    assert large < 1.1 * small
