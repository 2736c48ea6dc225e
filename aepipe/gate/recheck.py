"""Published models, loaded from their published bytes and measured on a run's held-out images."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from aepipe.errors import CorruptObjectError, ModelFileError, NewerObjectError, ObjectNotFoundError
from aepipe.gate.comparison import Terms, compare
from aepipe.gate.fairness import Comparable
from aepipe.gate.measured import NOT_FAIR, Measured
from aepipe.gate.rules import is_denoiser, learned_blind
from aepipe.io.temporary import temporary_folder
from aepipe.models.options import count_parameters
from aepipe.noise import NoiseSpec
from aepipe.recipes.plan import TrainingPlan
from aepipe.recipes.trained import TrainedRecipe
from aepipe.stages.data import load_data, load_pixel_mask
from aepipe.stages.noise import load_noise
from aepipe.stages.outcome import Done
from aepipe.stages.split import load_split
from aepipe.store.interface import Store
from aepipe.store.parsing import parse_stored

# What may be wrong about the files of a release. A store that does not answer is not: the run is tried again.
NOT_LOADABLE = (CorruptObjectError, ModelFileError, NewerObjectError, ObjectNotFoundError)

# Beside what was held there is what the channel has of other recipes, which it keeps.
OTHER = "give the model a name of its own, or use another channel."
BY_HAND = (
    "Use another channel, or promote it by hand: aepipe releases promote RELEASE --force --missing keep --why TEXT."
)


@dataclass(frozen=True)
class PublishedErrors:
    """What a published model comes to on the run's held-out images, those of the noisy test set for a denoiser.

    Attributes:
        release: The release that it is in.
        per_image: (num_images,) MSE per pixel, in the order of the held-out rows; none where it can't be measured.
        problem: Why not.
    """

    release: str
    per_image: np.ndarray
    problem: str = ""

    def on_all(self) -> Measured:
        """Return the mean error."""
        return Measured(self.release, _mean(self.per_image), self.problem)

    def beside(self, candidate: "PublishedErrors", comparable: Comparable, terms: Terms) -> Measured:
        """Return the mean error on what is comparable, with that of the run's own model on the same images.

        Args:
            candidate: The run's own model.
            comparable: Which images.
            terms: What the two are compared by.
        """
        if self.problem or comparable.problem:
            problem = self.problem or f"{NOT_FAIR}{comparable.problem} {BY_HAND}"
            return Measured(self.release, math.nan, problem)
        # A noisy test set has the first of the held-out images.
        chosen = comparable.chosen[: len(self.per_image)]
        if not chosen.any():
            return Measured(self.release, math.nan, f"{NOT_FAIR}none of the noisy images is new. {BY_HAND}")
        theirs = self.per_image[chosen]
        ours = np.full(len(theirs), math.nan) if candidate.problem else candidate.per_image[chosen]
        return Measured(
            self.release,
            _mean(theirs),
            candidate_error=_mean(ours),
            num_images=len(theirs),
            num_held_out=len(chosen),
            comparison=compare(ours, theirs, terms.on(chosen)),
        )


def measure_published(store: Store, release: str, model: str, outcome: Done) -> PublishedErrors:
    """Return what a release's model comes to on the run's held-out images, from its bytes in the store.

    A denoiser is judged by its error on noise of the level that it was trained for, one that learned from noisy images
    alone by that of their hidden pixels, any other by that on clean images.

    Args:
        store: Where the release is.
        release: Its id.
        model: What the release calls the model.
        outcome: What the run came to.
    """
    prefix = f"releases/{release}/models/{model}"
    inputs, targets, hidden = _held_out_images(store, outcome)
    try:
        key = f"{prefix}/recipe.json"
        published = parse_stored(store.get(key), TrainedRecipe, key)
        plan, knows_clean = published.plan, published.trained_on.has_clean
        if knows_clean != (outcome.data.facts.clean is not None):
            whose = "it was" if knows_clean else "this run's was, it was not,"
            return _not_measured(release, f"{NOT_FAIR}{whose} trained on pairs of noisy and clean pictures. {BY_HAND}")
        shape = plan.image_shape
        if shape != inputs.shape[1:]:
            shapes = ["x".join(map(str, of)) for of in (shape, inputs.shape[1:])]
            return _not_measured(release, f"Its images are {shapes[0]}, this run's {shapes[1]}: {OTHER}")
        if published.trained_on.mask != load_pixel_mask(store, outcome.data):
            return _not_measured(release, f"{NOT_FAIR}other pixels of its pictures counted. {BY_HAND}")
        loaded = _load(store, f"{prefix}/model.keras", plan)
    except NOT_LOADABLE as error:
        return _not_measured(release, f"It can't be loaded: {str(error).splitlines()[0]}")
    # Here, because pandas comes with it.
    from aepipe.evaluation.hidden import hidden_errors
    from aepipe.evaluation.metrics import mse_per_image
    from aepipe.evaluation.subject import predict

    found = predict(loaded, inputs)
    errors = mse_per_image(targets, found) if hidden is None else hidden_errors(targets, found, hidden)
    return PublishedErrors(release, errors)


def _load(store: Store, key: str, plan: TrainingPlan) -> Callable[..., Any]:
    from aepipe.training.model_files import Expected, load_published

    expected = Expected(count_parameters(plan.model, plan.image_shape), plan.image_shape, plan.image_shape)
    # Not through the cache: it is the bytes in the store that are judged.
    with temporary_folder("gate") as folder:
        path = folder / "model.keras"
        store.get_file(key, path)
        model: Callable[..., Any] = load_published(path, expected)
        return model


def _held_out_images(store: Store, outcome: Done) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return inputs, targets, and which pixels count: all where None."""
    corruption = outcome.plan.training.corruption
    if is_denoiser(outcome.measured) and corruption is not None and outcome.noisy is not None:
        judged = NoiseSpec(kind=corruption.judged_kind, level=corruption.level)
        clean, noisy = load_noise(store, outcome.noisy).pair(judged)
        return noisy, clean, None
    test = load_split(store, outcome.split).test
    inputs, targets = load_data(store, outcome.data).pairs(test)
    if learned_blind(outcome.measured) and corruption is not None:
        from aepipe.evaluation.hidden import hide_held_out

        return hide_held_out(inputs, corruption.level, test)
    return inputs, targets, None


def _not_measured(release: str, problem: str) -> PublishedErrors:
    return PublishedErrors(release, np.empty(0), problem)


def _mean(errors: np.ndarray) -> float:
    return float(errors.mean()) if len(errors) else math.nan
