"""Everything that is measured about a model that makes new images, on images that it never saw."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aepipe.cells import as_cells
from aepipe.datasets.images import ImageData, images_at_once
from aepipe.evaluation import figures
from aepipe.evaluation.figures.style import most_columns
from aepipe.evaluation.metrics import MetricRow
from aepipe.evaluation.subject import predict
from aepipe.generation.codes import draw_mixture, draw_posterior, draw_prior, generator_of
from aepipe.generation.frechet import Features, Moments, frechet_percent, most_images
from aepipe.generation.likelihood import Decode, Encode, PixelModel, lower_bound
from aepipe.generation.mixture import MIXTURE_FILE, CodeMixture
from aepipe.linear import PrincipalComponents
from aepipe.models.posterior import posterior
from aepipe.recipes.plan import TrainingPlan
from aepipe.splits import Split

if TYPE_CHECKING:
    from aepipe.models.backend import keras

# The moments of fewer images than this say more of which they are than of what they are like.
MIN_IMAGES = 128
MAX_SHOWN, NUM_LINES = 12, 3
SEED = 0
# What a figure calls the kinds of new images.
LABELS = {"mixture": "mixture", "prior": "prior", "pca": "PCA + normal"}

# A number of images to that many new ones, in [0, 1].
Sampler = Callable[[int], np.ndarray]


@dataclass(frozen=True)
class ImageMaker:
    """A variational model, as what makes new images.

    Attributes:
        title: What a figure calls it.
        code_size: Number of values in a code.
        encode: Images to the means and log variances of their codes, some at a time.
        decode: Codes to images, as many as there are.
        pixels: What its loss means.
    """

    title: str
    code_size: int
    encode: Encode
    decode: Decode
    pixels: PixelModel

    @classmethod
    def of(cls, plan: TrainingPlan, encoder: "keras.Model", decoder: "keras.Model", title: str) -> "ImageMaker":
        """Return a trained plan's model, and what a figure calls it."""
        codes, training = posterior(encoder), plan.training

        def encode(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            mean, log_variance = codes(images, training=False)
            return np.asarray(mean), np.asarray(log_variance)

        return cls(
            title=title,
            code_size=plan.model.code_size,
            encode=encode,
            decode=lambda codes: predict(decoder, codes),
            pixels=PixelModel.of(training.loss, training.loss_unit, math.prod(plan.image_shape)),
        )


def measure_generation(
    folder: Path,
    maker: ImageMaker,
    data: ImageData,
    split: Split,
    components: PrincipalComponents,
    who: Mapping[str, str],
) -> dict[str, float]:
    """Write the mixture of a model's codes, a figure of samples, and generation/metrics.csv into a folder.

    Args:
        folder: Where they go.
        maker: The model.
        data: All images.
        split: Which of them trained it, decide, and are held out.
        components: PCA at the model's code size, whose codes with a normal distribution are the baseline.
        who: Recipe, setting and evaluation set of the long table's rows.

    Returns:
        The numbers, by the names that the catalogue has.
    """
    most = most_images(data.image_shape)
    train, validation, test = (_some(rows, most) for rows in (split.train, split.validation, split.test))
    mixture = CodeMixture.fit(_codes(maker, data, train), _codes(maker, data, validation))
    mixture.save(folder / MIXTURE_FILE)
    samplers = {
        "mixture": lambda num_images: maker.decode(draw_mixture(num_images, mixture, SEED)),
        "prior": lambda num_images: maker.decode(draw_prior(num_images, maker.code_size, SEED)),
        "pca": _pca_sampler(components, data, train),
    }
    distances = _distances(samplers, data, train, test)
    numbers = _bound_numbers(maker, data, test) | {f"frechet_{name}_percent": far for name, far in distances.items()}
    shown = data.scaled(_some(test, MAX_SHOWN * NUM_LINES))
    _draw_samples(folder / "figures" / "samples.png", maker.title, samplers, shown)
    rows = [as_cells(MetricRow(**who, metric=name, value=value).model_dump()) for name, value in numbers.items()]
    (folder / "generation").mkdir()
    pd.DataFrame(rows).to_csv(folder / "generation" / "metrics.csv", index=False)
    return {**numbers, "num_test_images": len(test), "num_components": len(mixture.weights)}


def _some(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many rows; drawn, because the images of some sources come in rounds."""
    return rows if len(rows) <= most else np.sort(generator_of(SEED).choice(rows, most, replace=False))


def _batches(data: ImageData, rows: np.ndarray) -> Iterator[np.ndarray]:
    size = images_at_once(*data.image_shape)
    return (data.scaled(rows[start : start + size]) for start in range(0, len(rows), size))


def _codes(maker: ImageMaker, data: ImageData, rows: np.ndarray) -> np.ndarray:
    """Return a code of each image, drawn as the decoder saw them while it was trained."""
    generator = generator_of(SEED)
    drawn = [draw_posterior(*maker.encode(images), generator)[0] for images in _batches(data, rows)]
    return np.concatenate(drawn) if drawn else np.empty((0, maker.code_size))


def _pca_sampler(components: PrincipalComponents, data: ImageData, train: np.ndarray) -> Sampler:
    """Return what decodes normally distributed places along the components, which do not depend on each other."""
    places = np.concatenate([components.encode(images) for images in _batches(data, train)])
    deviations = places.std(axis=0)

    def sample(num_images: int) -> np.ndarray:
        rows = components.decode(deviations * draw_prior(num_images, len(deviations), SEED))
        return np.clip(rows, 0, 1).reshape(num_images, *data.image_shape)

    return sample


def _bound_numbers(maker: ImageMaker, data: ImageData, test: np.ndarray) -> dict[str, float]:
    bound = lower_bound(_batches(data, test), maker.encode, maker.decode, maker.pixels, SEED)
    return {
        "elbo_nats": bound.elbo,
        "elbo_reconstruction_nats": float(bound.reconstruction.mean()),
        "elbo_divergence_nats": float(bound.divergence.mean()),
        "num_active_units": bound.num_active,
    }


def _distances(
    samplers: Mapping[str, Sampler], data: ImageData, train: np.ndarray, test: np.ndarray
) -> dict[str, float]:
    """Return how far as many images of each kind are from the held-out ones, real ones of the training part too."""
    num_images = min(len(train), len(test))
    if num_images < MIN_IMAGES:
        return {}
    labels = None if data.labels is None else np.asarray(data.labels[train])
    features = Features.fit(data.scaled(train), labels)

    def moments(rows: np.ndarray) -> Moments:
        return Moments.of([features(images) for images in _batches(data, rows)])

    held_out = moments(_some(test, num_images))
    found = {name: Moments.of([features(sample(num_images))]) for name, sample in samplers.items()}
    found["real"] = moments(_some(train, num_images))
    return {name: frechet_percent(held_out, of) for name, of in found.items()}


def _draw_samples(path: Path, title: str, samplers: Mapping[str, Sampler], real: np.ndarray) -> None:
    """Draw some lines of images of each kind under each other, the real ones on top."""
    num_columns = min(most_columns(real.shape[2], MAX_SHOWN), len(real))
    num_lines = min(NUM_LINES, len(real) // num_columns)
    kinds = {"real": real, **{LABELS[name]: sample(len(real)) for name, sample in samplers.items()}}
    rows = [
        figures.Row(name if line == 0 else "", images[line * num_columns :][:num_columns])
        for name, images in kinds.items()
        for line in range(num_lines)
    ]
    figures.image_rows(rows, path, f"{title}: new images beside held-out ones")
