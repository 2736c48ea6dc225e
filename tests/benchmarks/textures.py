"""Textures out of a real photograph, as many pictures as one likes, and defects made in them with their masks."""

from collections.abc import Callable, Mapping

import numpy as np

SIDE = 256
# Parts of scikit-learn's sample photographs: top, left, height, width.
LEAVES, ROOF = (285, 390, 128, 128), (258, 88, 24, 48)
CAMERA_NOISE = 2.0
# Grey levels that a grain varies by; those of leaves would hide any defect.
CONTRAST = 15.0


def photograph(part: tuple[int, int, int, int]) -> np.ndarray:
    """Return a part of a photograph in grey, 0 to 255."""
    from sklearn.datasets import load_sample_image

    top, left, height, width = part
    return load_sample_image("china.jpg")[top : top + height, left : left + width].mean(axis=-1)


def grain(random: np.random.Generator) -> np.ndarray:
    """Return a grain without an order: the spectrum of leaves in a photograph, with phases drawn at random.

    Galerne, Gousseau and Morel, "Random phase textures", 2011.
    """
    patch = photograph(LEAVES)
    canvas, window = np.zeros((SIDE, SIDE)), np.outer(*[np.hanning(length) for length in patch.shape])
    canvas[: patch.shape[0], : patch.shape[1]] = (patch - patch.mean()) * window
    phases = np.angle(np.fft.rfft2(random.standard_normal(canvas.shape)))
    drawn = np.fft.irfft2(np.abs(np.fft.rfft2(canvas)) * np.exp(1j * phases), canvas.shape)
    return patch.mean() + drawn * CONTRAST / drawn.std()


def roof(random: np.random.Generator) -> np.ndarray:
    """Return rows of tiles, each picture from nearly the same place, in another light."""
    patch = photograph(ROOF)
    pattern = np.block([[patch, patch[:, ::-1]], [patch[::-1], patch[::-1, ::-1]]])
    rows, columns = (np.arange(SIDE) + random.integers(-2, 3) for _ in range(2))
    picture = pattern[rows[:, None] % pattern.shape[0], columns[None, :] % pattern.shape[1]]
    light = (
        1
        + 0.1 * random.uniform(-1, 1)
        + 0.1 * np.outer(np.linspace(-1, 1, SIDE), np.ones(SIDE)) * random.uniform(-1, 1)
    )
    return picture * light


def scratch(random: np.random.Generator) -> np.ndarray:
    """Return how much of each pixel a thin, slightly bent line covers."""
    y, x = np.mgrid[:SIDE, :SIDE]
    angle, length = random.uniform(0, np.pi), random.uniform(50, 130)
    y, x = y - random.uniform(0.3, 0.7) * SIDE, x - random.uniform(0.3, 0.7) * SIDE
    along, across = y * np.sin(angle) + x * np.cos(angle), y * np.cos(angle) - x * np.sin(angle)
    distance = np.abs(across - random.uniform(-1, 1) * along**2 / 300)
    return np.clip(random.uniform(1.5, 2.5) - distance, 0, 1) * (np.abs(along) < length / 2)


def spot(random: np.random.Generator) -> np.ndarray:
    """Return how much of each pixel a round spot covers."""
    y, x = np.mgrid[:SIDE, :SIDE]
    distance = np.hypot(*(axis - random.uniform(20, SIDE - 20) for axis in (y, x)))
    return np.clip((random.uniform(5, 12) - distance) / 2, 0, 1)


def missing(random: np.random.Generator) -> np.ndarray:
    """Return a rectangle, which is gone."""
    covered = np.zeros((SIDE, SIDE))
    height, width = random.integers(16, 49, 2)
    top, left = random.integers(0, SIDE - height), random.integers(0, SIDE - width)
    covered[top : top + height, left : left + width] = 1
    return covered


TEXTURES: Mapping[str, Callable[[np.random.Generator], np.ndarray]] = {"grain": grain, "roof": roof}
DEFECTS: Mapping[str, Callable[[np.random.Generator], np.ndarray]] = {
    "scratch": scratch,
    "spot": spot,
    "missing": missing,
}


def picture(
    texture: str, seed: int, defect: str | None = None, contrast: float = 110.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture of a texture, and the mask of its defect; both uint8 of (256, 256).

    Args:
        texture: A name in `TEXTURES`.
        seed: Another one is another picture.
        defect: A name in `DEFECTS`; None for a normal picture.
        contrast: Grey levels between a defect and the picture's mean.
    """
    random = np.random.default_rng([seed, *defect.encode()] if defect else seed)
    clean = TEXTURES[texture](random)
    covered = np.zeros(clean.shape) if defect is None else DEFECTS[defect](random)
    # A piece that is missing shows what is below, which is darker; anything else is brighter or darker.
    sign = -1 if defect == "missing" else random.choice([-1, 1])
    shade = np.clip(clean.mean() + sign * contrast, 0, 255)
    shown = clean * (1 - covered) + shade * covered + random.normal(0, CAMERA_NOISE, clean.shape)
    return shown.clip(0, 255).astype(np.uint8), np.where(covered > 0.5, 255, 0).astype(np.uint8)
