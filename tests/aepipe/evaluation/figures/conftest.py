import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def read():
    """A picture's pixels, after a look at what every figure must be: as wide as a report, not blank, without a date."""

    def read_picture(path) -> np.ndarray:
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            assert 700 <= picture.width <= 1400
            assert set(picture.info) <= {"dpi"}
            pixels = np.asarray(picture.convert("RGB"))
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 2
        return pixels

    return read_picture
