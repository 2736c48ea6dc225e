"""PNG files of what models make."""

from pathlib import Path

import numpy as np

from aepipe.datasets.formats.depth import WHITE


def write_png(path: Path, pixels: np.ndarray, white: float) -> None:
    """Write pixels in [0, 1] as a picture; a grey one has 16 bits where the training's white needs them."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    is_deep = white > WHITE and pixels.shape[-1] == 1
    values = np.round(np.clip(pixels, 0, 1) * (white if is_deep else WHITE)).astype(np.uint16 if is_deep else np.uint8)
    Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values).save(path, "PNG")
