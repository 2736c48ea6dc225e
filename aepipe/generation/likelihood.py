"""The likelihood of images under a variational model: its lower bound, in parts, and tighter ones.

All are in nats an image; larger is better.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from aepipe.arrays import Float, Float64
from aepipe.generation.codes import draw_posterior, generator_of
from aepipe.training.settings import LossName

# Of a code's mean over the images: with less than this a unit tells images apart no more (Burda and others, 2016).
MIN_ACTIVE_VARIANCE = 0.01
# As far from 0 and 1 as Keras' cross-entropy keeps probabilities.
EPSILON = 1e-7

# Images to the means and log variances of their codes; codes to images.
Encode = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
Decode = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class PixelModel:
    """What a loss takes for the distribution of a pixel around its reconstruction.

    Attributes:
        variance: Of a normal distribution, for pixels in [0, 1]; None where a pixel is black or white, with its
            reconstruction as the probability of white. A grey one counts as the share of both.
    """

    variance: float | None

    @classmethod
    def of(cls, loss: LossName, loss_unit: float, num_values: int) -> "PixelModel":
        """Return what a loss means for images of so many values."""
        variances: dict[LossName, float | None] = {
            "bernoulli-cross-entropy": None,
            "half-sum-of-squares": 1 / loss_unit**2,
            "mean-squared-error": num_values / (2 * loss_unit**2),
        }
        return cls(variances[loss])

    def log_likelihood(
        self,
        images: Float[np.ndarray, "num_images height width channels"],
        reconstructions: Float[np.ndarray, "num_images height width channels"],
    ) -> Float64[np.ndarray, " num_images"]:
        """Return the log density of each image around its reconstruction."""
        if self.variance is None:
            white = np.clip(reconstructions, EPSILON, 1 - EPSILON)
            pixels = images * np.log(white) + (1 - images) * np.log1p(-white)
        else:
            squares = np.square(images - reconstructions) / self.variance
            pixels = -0.5 * (squares + math.log(2 * math.pi * self.variance))
        return pixels.sum(axis=(1, 2, 3), dtype=np.float64)


@dataclass(frozen=True)
class Bound:
    """The evidence lower bound of images, and what it is made of.

    Attributes:
        reconstruction: (num_images,) the expected log likelihood of each image, its code drawn from its posterior.
        divergence: (num_images,) Kullback-Leibler divergence of each posterior from N(0, 1).
        num_active: Values of the code that tell images apart.
    """

    reconstruction: Float64[np.ndarray, " num_images"]
    divergence: Float64[np.ndarray, " num_images"]
    num_active: int

    @property
    def elbo(self) -> float:
        """The mean bound of an image; the KL term counts once, whatever its weight in the training."""
        return float((self.reconstruction - self.divergence).mean())


def lower_bound(
    batches: Iterable[np.ndarray], encode: Encode, decode: Decode, pixels: PixelModel, seed: int, num_draws: int = 4
) -> Bound:
    """Return the bound of images in [0, 1] (Kingma and Welling, 2014).

    Args:
        batches: The images, some at a time.
        encode: The means and log variances of codes.
        decode: Codes to images.
        pixels: What the model's loss means.
        seed: What the drawn codes depend on.
        num_draws: Codes that are drawn of each image.
    """
    generator = generator_of(seed)
    reconstruction, divergence, means = [], [], []
    for images in batches:
        mean, log_variance = encode(images)
        drawn = (draw_posterior(mean, log_variance, generator) for _ in range(num_draws))
        likelihoods = [pixels.log_likelihood(images, decode(codes)) for codes, _ in drawn]
        reconstruction.append(np.mean(likelihoods, axis=0))
        divergence.append(_divergence(mean, log_variance))
        means.append(mean)
    num_active = int((np.concatenate(means).var(axis=0, dtype=np.float64) > MIN_ACTIVE_VARIANCE).sum())
    return Bound(np.concatenate(reconstruction), np.concatenate(divergence), num_active)


def importance_bound(
    batches: Iterable[np.ndarray], encode: Encode, decode: Decode, pixels: PixelModel, seed: int, num_draws: int = 64
) -> Float64[np.ndarray, " num_images"]:
    """Return the importance-sampled log likelihood of each image, a lower bound that more draws make tighter.

    Of Burda, Grosse and Salakhutdinov, 2016. The arguments are those of `lower_bound`.
    """
    generator = generator_of(seed)
    bounds = []
    for images in batches:
        mean, log_variance = encode(images)
        log_weights = np.empty((num_draws, len(images)))
        for number in range(num_draws):
            codes, noise = draw_posterior(mean, log_variance, generator)
            # The constants of both normal distributions cancel.
            prior, drawn = np.square(codes).sum(axis=1), (np.square(noise) + log_variance).sum(axis=1)
            log_weights[number] = pixels.log_likelihood(images, decode(codes)) - 0.5 * (prior - drawn)
        largest = log_weights.max(axis=0)
        bounds.append(largest + np.log(np.exp(log_weights - largest).mean(axis=0)))
    return np.concatenate(bounds)


def _divergence(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    values = np.square(mean) + np.exp(log_variance) - 1 - log_variance
    return 0.5 * values.sum(axis=1, dtype=np.float64)
