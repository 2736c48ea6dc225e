"""Everything that is measured about a model that makes new images, on images that it never saw."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from aepipe.cells import as_cells
from aepipe.datasets.images import ImageData
from aepipe.evaluation import figures
from aepipe.evaluation.figures.style import most_columns
from aepipe.evaluation.metrics import MetricRow
from aepipe.generation.codes import SEED, draw_mixture, draw_prior
from aepipe.generation.frechet import Features, Moments, frechet_percent, most_images
from aepipe.generation.image_maker import ImageMaker, batches_of, codes_to_fit, some_rows
from aepipe.generation.likelihood import lower_bound
from aepipe.generation.mixture import MIXTURE_FILE, CodeMixture
from aepipe.linear import PrincipalComponents
from aepipe.splits import Split

# The moments of fewer images than this say more of which they are than of what they are like.
MIN_IMAGES = 128
MAX_SHOWN, NUM_LINES = 12, 3
# What a figure calls the kinds of new images.
LABELS = {"mixture": "mixture", "prior": "prior", "pca": "PCA + normal"}

# A number of images to that many new ones, in [0, 1].
Sampler = Callable[[int], np.ndarray]


def measure_generation(
    folder: Path,
    maker: ImageMaker,
    data: ImageData,
    split: Split,
    components: PrincipalComponents,
    who: Mapping[str, str],
    title: str,
) -> dict[str, float]:
    """Write the mixture of a model's codes, a figure of samples, and generation/metrics.csv into a folder.

    Args:
        folder: Where they go.
        maker: The model.
        data: All images.
        split: Which of them trained it, decide, and are held out.
        components: PCA at the model's code size, whose codes with a normal distribution are the baseline.
        who: Recipe, setting and evaluation set of the long table's rows.
        title: What the figure calls the model.

    Returns:
        The numbers, by the names that the catalogue has.
    """
    most = most_images(data.image_shape)
    train, test = (some_rows(rows, most) for rows in (split.train, split.test))
    mixture = CodeMixture.fit(*codes_to_fit(maker.draw, data, split))
    mixture.save(folder / MIXTURE_FILE)
    samplers = {
        "mixture": lambda num_images: maker.decode(draw_mixture(num_images, mixture, SEED)),
        "prior": lambda num_images: maker.decode(draw_prior(num_images, maker.code_size, SEED)),
        "pca": _pca_sampler(components, data, train),
    }
    distances = _distances(samplers, data, train, test)
    numbers = _bound_numbers(maker, data, test) | {f"frechet_{name}_percent": far for name, far in distances.items()}
    shown = data.scaled(some_rows(test, MAX_SHOWN * NUM_LINES))
    _draw_samples(folder / "figures" / "samples.png", title, samplers, shown)
    rows = [as_cells(MetricRow(**who, metric=name, value=value).model_dump()) for name, value in numbers.items()]
    (folder / "generation").mkdir()
    pd.DataFrame(rows).to_csv(folder / "generation" / "metrics.csv", index=False)
    return {**numbers, "num_test_images": len(test), "num_components": len(mixture.weights)}


def _pca_sampler(components: PrincipalComponents, data: ImageData, train: np.ndarray) -> Sampler:
    """Return what decodes normally distributed places along the components, which do not depend on each other."""
    places = np.concatenate([components.encode(images) for images in batches_of(data, train)])
    deviations = places.std(axis=0)

    def sample(num_images: int) -> np.ndarray:
        rows = components.decode(deviations * draw_prior(num_images, len(deviations), SEED))
        return np.clip(rows, 0, 1).reshape(num_images, *data.image_shape)

    return sample


def _bound_numbers(maker: ImageMaker, data: ImageData, test: np.ndarray) -> dict[str, float]:
    bound = lower_bound(batches_of(data, test), maker.encode, maker.decode, maker.pixels, SEED)
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
        return Moments.of([features(images) for images in batches_of(data, rows)])

    held_out = moments(some_rows(test, num_images))
    found = {name: Moments.of([features(sample(num_images))]) for name, sample in samplers.items()}
    found["real"] = moments(some_rows(train, num_images))
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
