"""Codes to decode into new images, (num_codes, code_size), float32: the same seed gives the same."""

import numpy as np

from aepipe.arrays import Float, Float32
from aepipe.generation.mixture import CodeMixture

# Of what is drawn to be measured or fitted.
SEED = 0
# Codes that are nearly in line with their middle have no arc between them.
MIN_SINE = 1e-3


def draw_prior(num_codes: int, code_size: int, seed: int) -> Float32[np.ndarray, "num_codes code_size"]:
    """Return codes from N(0, 1), which a variational model's codes are drawn towards."""
    return generator_of(seed).standard_normal((num_codes, code_size)).astype(np.float32)


def draw_mixture(num_codes: int, mixture: CodeMixture, seed: int) -> Float32[np.ndarray, "num_codes code_size"]:
    """Return codes that are distributed as a model's own."""
    return mixture.draw(num_codes, generator_of(seed)).astype(np.float32)


def draw_posterior(
    mean: Float[np.ndarray, "num_codes code_size"],
    log_variance: Float[np.ndarray, "num_codes code_size"],
    generator: np.random.Generator,
) -> tuple[Float[np.ndarray, "num_codes code_size"], Float32[np.ndarray, "num_codes code_size"]]:
    """Return a code of each image, and the noise from N(0, 1) that it is made of."""
    noise = generator.standard_normal(mean.shape, np.float32)
    return mean + np.exp(0.5 * log_variance) * noise, noise


def straight_way(
    first: Float[np.ndarray, " code_size"], last: Float[np.ndarray, " code_size"], num_codes: int
) -> Float32[np.ndarray, "num_codes code_size"]:
    """Return codes at even distances on the straight way from one to another, both ends among them."""
    shares = np.linspace(0, 1, num_codes)[:, np.newaxis]
    return ((1 - shares) * first + shares * last).astype(np.float32)


def arc(
    first: Float[np.ndarray, " code_size"], last: Float[np.ndarray, " code_size"], num_codes: int
) -> Float32[np.ndarray, "num_codes code_size"]:
    """Return codes at even angles on the arc from one to another around 0, both ends among them.

    Codes from N(0, 1) are all about as far from 0; the straight way leads between them, where no image was (White,
    2016). Codes in line with 0 have no arc: the straight way stands for it.
    """
    lengths = np.linalg.norm(first) * np.linalg.norm(last)
    angle = np.arccos(np.clip(np.dot(first, last) / lengths, -1, 1)) if lengths > 0 else 0.0
    if np.sin(angle) < MIN_SINE:
        return straight_way(first, last, num_codes)
    shares = np.linspace(0, 1, num_codes)[:, np.newaxis]
    codes = (np.sin((1 - shares) * angle) * first + np.sin(shares * angle) * last) / np.sin(angle)
    return codes.astype(np.float32)


def generator_of(seed: int) -> np.random.Generator:
    """Return what draws the same numbers for the same seed."""
    return np.random.Generator(np.random.PCG64(seed))
