"""Made anomalies: normal pictures with something wrong, of several kinds, for choosing a score without real ones."""

from collections.abc import Callable, Mapping

import numpy as np

from aepipe.arrays import Float32

Pictures = Float32[np.ndarray, "num_images height width channels"]


def make_anomalies(pictures: Pictures, seed: int) -> dict[str, np.ndarray]:
    """Return for each kind the pictures with something of this kind wrong, float32 in [0, 1], each of the same shape.

    Args:
        pictures: (num_images, height, width, channels) in [0, 1], at least one.
        seed: What the draws depend on.
    """
    return {
        kind: make(pictures, np.random.Generator(np.random.PCG64([seed, number])))
        for number, (kind, make) in enumerate(KINDS.items())
    }


def _pasted(pictures: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Paste a patch of another picture somewhere (CutPaste: Li, Sohn, Yoon and Pfister, 2021)."""
    made, sources = pictures.copy(), random.permutation(len(pictures))
    height, width = pictures.shape[1:3]
    for picture, source in zip(made, pictures[sources], strict=True):
        rows, columns = (max(2, round(side * random.uniform(0.15, 0.35))) for side in (height, width))
        (top, left), (to_top, to_left) = (
            (random.integers(height - rows + 1), random.integers(width - columns + 1)) for _ in range(2)
        )
        picture[to_top : to_top + rows, to_left : to_left + columns] = source[top : top + rows, left : left + columns]
    return made


def _scratched(pictures: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw a thin straight line in one shade."""
    made = pictures.copy()
    height, width = pictures.shape[1:3]
    y, x = np.mgrid[:height, :width]
    for picture in made:
        angle, length = random.uniform(0, np.pi), random.uniform(0.2, 0.5) * min(height, width)
        along, across = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
        places = np.stack([y - random.uniform(0.2, 0.8) * height, x - random.uniform(0.2, 0.8) * width], axis=-1)
        is_line = (np.abs(places @ across) < max(0.6, min(height, width) / 100)) & (np.abs(places @ along) < length / 2)
        picture[is_line] = random.uniform()
    return made


def _blended(pictures: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Lay two pictures over each other, one of them upside down."""
    other = pictures[random.permutation(len(pictures))][:, ::-1]
    return (pictures + other) / 2


def _turned(pictures: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Turn by a quarter, or by a half where a picture is not square."""
    is_square = pictures.shape[1] == pictures.shape[2]
    return np.ascontiguousarray(np.rot90(pictures, 1 if is_square else 2, axes=(1, 2)))


def _inverted(pictures: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Swap black and white."""
    return 1 - pictures


def _dark(pictures: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Leave a fifth of the light."""
    return pictures * np.float32(0.2)


KINDS: Mapping[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "pasted": _pasted,
    "scratched": _scratched,
    "blended": _blended,
    "turned": _turned,
    "inverted": _inverted,
    "dark": _dark,
}
