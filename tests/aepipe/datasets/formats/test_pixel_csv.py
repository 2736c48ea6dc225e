import numpy as np
import pytest

from aepipe.datasets.formats.pixel_csv import read_pixel_csv
from aepipe.errors import DataError

HEADER = "label,pixel0,pixel1\n"


def read(tmp_path, text, num_images=2):
    path = tmp_path / "train.csv"
    path.write_text(text, newline="")
    return read_pixel_csv(path, num_images, 2)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_labels_and_pixels(tmp_path, end):
    labels, pixels = read(tmp_path, f"{HEADER}7,0,255\n3,1,2\n".replace("\n", end))
    assert labels.tolist() == [7, 3]
    assert pixels.tolist() == [[0, 255], [1, 2]]
    assert pixels.dtype == labels.dtype == np.uint8


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pixel0,pixel1,label\n7,0,1\n3,1,2\n", "first line must be label,pixel0,...,pixel1"),
        ("label,pixel0,pixel1,pixel2\n", "first line"),
        ("", "first line"),
        (HEADER + "7,0,256\n3,1,2\n", "integers from 0 to 255"),
        (HEADER + "7,0,-1\n3,1,2\n", "integers from 0 to 255"),
        (HEADER + "7,0,0.5\n3,1,2\n", "integers from 0 to 255"),
        (HEADER + "7,0,\n3,1,2\n", "integers from 0 to 255"),
        (HEADER + "7,0,1\n3,1\n", "integers from 0 to 255"),
        (HEADER + "7,0\n3,1\n", "2 lines of 3 values"),
        (HEADER + "7,0,1\n", "2 lines of 3 values"),
        (HEADER + "7,0,1\n" * 3, "2 lines of 3 values"),
    ],
)
def test_anything_else_is_refused(tmp_path, text, reason):
    with pytest.raises(DataError, match=reason):
        read(tmp_path, text)
