"""Opponents of an autoencoder at its code size: PCA, PCA of patches, a low-pass filter; the same for every model.

What there is to choose about an opponent is chosen on the validation part; held-out images decide nothing. Of pairs of
noisy and clean images they are fitted on the clean ones, and given the noisy ones as a model is; doing nothing, and the
best linear map, which need no code, are opponents, too.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from aepipe.datasets.images import ImageData, images_at_once
from aepipe.evaluation.baselines import LinearDenoiser
from aepipe.evaluation.codecs import LowPass, PatchComponents, possible_grids
from aepipe.linear import PrincipalComponents, most_rows
from aepipe.splits import Split, evenly_spaced

# Bounds memory and time where images are many; their variances are known long before.
MAX_VALUES = 25_000_000

# From what a model is given to what it should be.
Answer = Callable[[np.ndarray], np.ndarray]


class Codec(Protocol):
    """Something that keeps so many numbers of an image."""

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Return images of the same shape."""


# Opponents that there is something to choose about, by their names.
Chosen = PatchComponents | LowPass
KINDS: Mapping[str, type[PatchComponents] | type[LowPass]] = {"patch_pca": PatchComponents, "dct": LowPass}
Fit = Callable[[np.ndarray], Chosen]


@dataclass(frozen=True)
class Opponents:
    """What each opponent comes to on the held-out images.

    Attributes:
        components: PCA of whole images, whose codes are compared with a model's.
        errors: MSE per pixel of each held-out image, (num_images,), by the opponent's name: pca, patch_pca, dct, and
            mean_image; of pairs noisy, which is doing nothing, and linear.
        chosen: The patch_pca and the dct that did best on images that are not held out.
    """

    components: PrincipalComponents
    errors: Mapping[str, np.ndarray]
    chosen: Mapping[str, Chosen]

    def codec(self, name: str) -> Codec:
        """Return an opponent at the code size, by its name."""
        return self.components if name == "pca" else self.chosen[name]


def measure_opponents(data: ImageData, split: Split, code_size: int) -> Opponents:
    """Return what the opponents come to on a split's held-out images; they are fitted on all others."""
    not_held_out, targets = np.union1d(split.train, split.validation), data.targets
    components = PrincipalComponents.fit_batches(lambda: batches(targets, not_held_out), code_size)
    most = max(2, MAX_VALUES // math.prod(data.image_shape))
    train, deciding = _parts_to_choose_by(split)
    train, deciding, known = (rows[evenly_spaced(len(rows), most)] for rows in (train, deciding, not_held_out))
    parts = targets.scaled(train), data.pairs(deciding), targets.scaled(known)
    fits = {"patch_pca": _patch_fits(parts[0], code_size), "dct": _dct_fits(code_size)}
    codecs = {name: _best(of_it, *parts) for name, of_it in fits.items()}
    found = {name: codec for name, codec in codecs.items() if codec is not None}
    mean = components.mean.reshape(data.image_shape)
    answers: dict[str, Answer] = {
        "pca": components.reconstruct,
        "mean_image": lambda inputs: np.broadcast_to(mean, inputs.shape),
        **{name: codec.reconstruct for name, codec in found.items()},
        **_denoisers(data, not_held_out),
    }
    errors: dict[str, list[np.ndarray]] = {name: [] for name in answers}
    for inputs, originals in pair_batches(data, split.test):
        for name, answer in answers.items():
            errors[name].append(_mse(originals, answer(inputs)))
    return Opponents(
        components,
        {name: np.concatenate(values) for name, values in errors.items()},
        found,
    )


def _denoisers(data: ImageData, not_held_out: np.ndarray) -> Mapping[str, Answer]:
    """Return what can be done to noisy images without a model; nothing where images are not pairs."""
    if data.clean is None:
        return {}
    rows = not_held_out[evenly_spaced(len(not_held_out), most_rows(math.prod(data.image_shape)))]
    linear = LinearDenoiser.fit_pairs(*data.pairs(rows))
    return {"noisy": lambda inputs: inputs, "linear": linear.denoise}


def batches(data: ImageData, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the images of these rows, some at a time, float32 in [0, 1]."""
    return (data.scaled(some) for some in _some_at_a_time(data, rows))


def pair_batches(data: ImageData, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what a model is given of these rows, and what it is to make of it, some at a time."""
    return (data.pairs(some) for some in _some_at_a_time(data, rows))


def _some_at_a_time(data: ImageData, rows: np.ndarray) -> Iterator[np.ndarray]:
    size = images_at_once(*data.image_shape)
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _patch_fits(images: np.ndarray, code_size: int) -> Sequence[Fit]:
    grids = possible_grids(images.shape[1:], code_size)
    return [partial(PatchComponents.fit, code_size=code_size, grid=grid) for grid in grids]


def _dct_fits(code_size: int) -> Sequence[Fit]:
    return [partial(choose, code_size=code_size) for choose in (LowPass.by_variance, LowPass.by_zig_zag)]


def _best(
    fits: Sequence[Fit], train: np.ndarray, deciding: tuple[np.ndarray, np.ndarray], not_held_out: np.ndarray
) -> Chosen | None:
    """Return the codec that does best on the inputs and images that decide, fitted on all that are not held out."""
    inputs, originals = deciding
    if not fits:
        return None
    if len(fits) == 1 or not len(inputs):
        return fits[0](not_held_out)
    return min(fits, key=lambda fit: _mse(originals, fit(train).reconstruct(inputs)).mean())(not_held_out)


def _parts_to_choose_by(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to fit on and those that decide; without a validation part every fourth training row decides."""
    if len(split.validation):
        return split.train, split.validation
    return np.delete(split.train, slice(3, None, 4)), split.train[3::4]


def _mse(originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    return np.square(np.asarray(reconstructions, np.float64) - originals).mean(axis=(1, 2, 3))
