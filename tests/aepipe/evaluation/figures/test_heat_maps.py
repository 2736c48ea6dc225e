"""Heat maps show the picture, where its reconstruction is off, and every word, whatever the picture's form."""

import numpy as np
import pytest
from PIL import Image

from aepipe.evaluation.figures.heat_maps import HeatMap, draw_heat_map
from aepipe.evaluation.figures.style import DOTS_PER_INCH

LONG = f"{'a folder/' * 12}of a wide, Wide, WIDE name {'W' * 60}.png\nscore 0.1234, p 0.5: normal"


@pytest.mark.parametrize("shape", [(40, 40, 3), (300, 30, 1), (12, 400, 3)])
@pytest.mark.parametrize("title", ["0.png\nscore 1, p 0.01: anomalous", LONG])
def test_nothing_reaches_the_edge_and_what_is_off_is_hot(tmp_path, shape, title):
    residual = np.zeros(shape[:2], np.float32)
    residual[shape[0] // 2 :] = 0.5
    residual[:, : shape[1] // 10] = np.nan
    draw_heat_map(HeatMap(title, np.full(shape, 0.5, np.float32), residual, 0.1), tmp_path / "map.png")
    pixels = np.asarray(Image.open(tmp_path / "map.png").convert("RGB")).astype(int)
    # What is cut off ends at the edge.
    for edge in (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]):
        assert edge.min() == 255
    is_hot = pixels[..., 0] - pixels[..., 2] > 50
    longest = max(3.2 * DOTS_PER_INCH, max(shape))
    area = (longest / max(shape)) ** 2 * np.nansum(residual > 0)
    # The bar is hot in half of it, too.
    assert area * 0.9 < is_hot.sum() < area * 1.1 + 6000
