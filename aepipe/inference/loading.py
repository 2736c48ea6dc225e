"""Published models, loaded: found by channel, checked against the release's manifest, with their preprocessing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aepipe.errors import CorruptObjectError, ModelFileError, ObjectNotFoundError, ParameterError, StoreError
from aepipe.inference.denoise import restore_arrays
from aepipe.inference.files import local_files
from aepipe.inference.inputs import to_model_input
from aepipe.inference.new_codes import Origin, codes_between, draw_codes
from aepipe.models.options import count_parameters
from aepipe.recipes.published import PublishedModel, find_model, published_models
from aepipe.recipes.trained import TrainedRecipe
from aepipe.releases.manifest import Manifest, resolve_release
from aepipe.releases.signatures import require_trusted
from aepipe.store import Store, open_store
from aepipe.store.parsing import parse_stored

if TYPE_CHECKING:
    import pandas as pd

    from aepipe.generation.mixture import CodeMixture
    from aepipe.scoring.scoring import Scoring
    from aepipe.training.model_files import Expected
    from aepipe.training.runtime import keras

# Codes of held-out images.
CODES_FILE = "codes.npz"
PARTS = ("model", "encoder", "decoder")
RECIPE = "recipe.json"
BATCH_IMAGES = 256
MAX_REASON = 300


@dataclass(frozen=True, repr=False)
class LoadedModel:
    """A published autoencoder.

    Attributes:
        release: The id of the release that it is from.
        name: What it is called.
        model: Images to reconstructions, float32 (n, height, width, channels), pixels in [0, 1].
        encoder: Images to codes, (n, code_size).
        decoder: Codes to images.
        trained: What was trained, and how its images were preprocessed.
        read_scoring: Reads what its scores are taken with; `scoring` calls it once.
        read_mixture: Reads or fits what new codes are drawn from; `code_mixture` calls it once. None where there is
            nothing to have it from.
    """

    release: str
    name: str
    model: "keras.Model"
    encoder: "keras.Model"
    decoder: "keras.Model"
    trained: TrainedRecipe
    read_scoring: "Callable[[], Scoring]" = field(repr=False)
    read_mixture: "Callable[[], CodeMixture] | None" = field(default=None, repr=False)

    @cached_property
    def scoring(self) -> "Scoring":
        """What its scores are taken with and judged by; read when it is first asked for.

        Raises:
            ObjectNotFoundError: the release has no calibration of it.
        """
        return self.read_scoring()

    def __repr__(self) -> str:
        return f"<LoadedModel {self._words}>"

    def _repr_html_(self) -> str:
        # What a notebook shows of it.
        return f"<code>LoadedModel</code> {escape(self._words)}"

    @property
    def _words(self) -> str:
        height, width, channels = self.image_shape
        size = self.trained.plan.model.code_size
        return f"{self.name}, {self.release}: images of {height} x {width} x {channels}, codes of {size} values"

    @cached_property
    def code_mixture(self) -> "CodeMixture":
        """What codes are distributed as: normal distributions, each with its share. Read when it is first asked for.

        Raises:
            ObjectNotFoundError: nothing says how this model's codes are distributed.
        """
        if self.read_mixture is None:
            raise ObjectNotFoundError(
                "A published model comes with its codes.", "Publish it, or draw from the prior.", model=self.name
            )
        return self.read_mixture()

    @property
    def recipe(self) -> str:
        """The recipe's name."""
        return self.trained.plan.recipe

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) that the models take."""
        return self.trained.plan.image_shape

    def preprocess(self, images: np.ndarray, pixel_range: tuple[float, float] | None = None) -> np.ndarray:
        """Return images in the form that the models take; `aepipe.inference.inputs.to_model_input` has the rules.

        Args:
            images: (n, height, width) or (n, height, width, channels), of integers or floats.
            pixel_range: The values of black and white. By default floats have 0 and 1; integers have the values of
                the training images, or 0 and 255 where those were floats.

        Returns:
            float32 (n, height, width, channels) in [0, 1].

        Raises:
            ParameterError: the images have another shape or type, or pixels outside of their range.
        """
        return to_model_input(images, self.trained, pixel_range)

    def reconstruct(self, images: np.ndarray, batch_size: int = BATCH_IMAGES) -> np.ndarray:
        """Return reconstructions of images that `preprocess` takes, or returned; they may leave [0, 1] a little.

        >>> loaded.reconstruct(images[:3]).shape
        (3, 8, 8, 1)
        """
        return _compute(self.model, self.preprocess(images), batch_size)

    def encode(self, images: np.ndarray, batch_size: int = BATCH_IMAGES) -> np.ndarray:
        """Return the codes, float32 (n, code_size), of images that `preprocess` takes, or returned.

        >>> loaded.encode(images[:3]).shape
        (3, 8)
        """
        return _compute(self.encoder, self.preprocess(images), batch_size)

    def restore(self, images: np.ndarray, pixel_range: tuple[float, float] | None = None) -> np.ndarray:
        """Return images that a denoiser restored, of their own shape and type.

        Those of another size than the model's are restored in overlapping tiles, with their pixels as they are.

        >>> pictures = np.zeros((2, 30, 50), np.uint8)
        >>> loaded.restore(pictures).shape
        (2, 30, 50)

        Args:
            images: (n, height, width), with 1 or 3 channels at the end or none, of integers or floats.
            pixel_range: The values of black and white; by default as `preprocess` has them.

        Raises:
            ParameterError: the images have another shape or type, or pixels outside of their range.
        """
        return restore_arrays(self, images, pixel_range)

    def decode(self, codes: np.ndarray, batch_size: int = BATCH_IMAGES) -> np.ndarray:
        """Return the images, float32 (n, height, width, channels), of codes, (n, code_size).

        >>> loaded.decode(np.zeros((1, 8))).shape
        (1, 8, 8, 1)

        Raises:
            ParameterError: the codes have another shape.
        """
        codes = np.asarray(codes, np.float32)
        code_size = self.trained.plan.model.code_size
        if codes.ndim != 2 or codes.shape[1] != code_size or not len(codes):
            raise ParameterError(
                f"Codes of this model have the shape (n, {code_size}), at least one.", shape=codes.shape
            )
        return _compute(self.decoder, codes, batch_size)

    def generate(
        self,
        num_images: int,
        seed: int = 0,
        origin: Origin = "mixture",
        between: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return new images, float32 (num_images, height, width, channels) in [0, 1]; the same seed gives the same.

        >>> loaded.generate(5, seed=1).shape
        (5, 8, 8, 1)

        Args:
            num_images: How many.
            seed: What the drawn codes depend on.
            origin: mixture: codes that are distributed as those of images; prior: codes from N(0, 1).
            between: Two images that `preprocess` takes, in place of a draw: from the first to the last.

        Raises:
            ParameterError: the prior is asked for, of a model that is not variational.
        """
        if between is None:
            codes = draw_codes(self, num_images, seed, origin)
        else:
            codes = codes_between(self, between, num_images)
        images: np.ndarray = np.clip(self.decode(codes), 0, 1)
        return images

    def score(
        self,
        images: np.ndarray,
        false_alarm_rate: float = 0.01,
        score: str | None = None,
        batch_size: int = BATCH_IMAGES,
    ) -> "pd.DataFrame":
        """Return how unlike its training pictures images are, a row each, in their order.

        >>> white = np.full((2, 8, 8), 255, np.uint8)
        >>> loaded.score(white, score="mse")["verdict"].tolist()
        ['anomalous', 'anomalous']

        Args:
            images: As `preprocess` takes or returns them.
            false_alarm_rate: Share of normal pictures that may be called anomalous; `scoring.promise` says what of it
                can be promised.
            score: mse, local, neighbours or combined; the one that was chosen for the model where None.
            batch_size: So many are computed at a time.

        Returns:
            error (mean squared error per pixel), score (larger is less alike), p_value (share of held-out normal
            pictures at least as strange) and verdict (normal or anomalous).

        Raises:
            ObjectNotFoundError: the release has no calibration of the model.
            ParameterError: there is no such score, or the rate is not between 0 and 1.
        """
        originals = self.preprocess(images)
        scores = self.scoring.scores(originals, *self.see(originals, batch_size))
        return self.scoring.judge(scores, false_alarm_rate, score)

    def see(self, originals: np.ndarray, batch_size: int = BATCH_IMAGES) -> tuple[np.ndarray, np.ndarray]:
        """Return reconstructions and codes of images that `preprocess` returned; each is encoded once."""
        codes = _compute(self.encoder, originals, batch_size)
        return _compute(self.decoder, codes, batch_size), codes


def _compute(model: "keras.Model", inputs: np.ndarray, batch_size: int) -> np.ndarray:
    # As the evaluation does: without tracing, which takes longer than a few images.
    starts = range(0, len(inputs), batch_size)
    return np.concatenate([np.asarray(model(inputs[start : start + batch_size], training=False)) for start in starts])


def load(store: Store | str | Path, model: str, channel: str = "production") -> LoadedModel:
    """Load a published model; every byte is checked, and no code from a file is run.

    Args:
        store: An open store, or its URL: a folder, file:///path or s3://bucket/prefix.
        model: Its name: the recipe's for one of its own data set, else recipe@data-set, or as it was called.
        channel: A channel's name, or a release's id.

    Raises:
        ObjectNotFoundError: there is no such channel or release, or it has no such model.
        CorruptObjectError: a file is gone, or has other bytes than the manifest says.
        UntrustedReleaseError: $AEPIPE_TRUSTED_KEYS is set, and none of these keys signed the release.
        ModelFileError: a file holds the right bytes, but no model of its recipe.json, or none that loads safely.
    """
    opened = open_store(store) if isinstance(store, str | Path) else store
    return locate(opened, model, channel).load()


@dataclass(frozen=True)
class LocatedModel:
    """A published model that was found and not loaded, which takes TensorFlow and seconds.

    Attributes:
        published: The model in its release.
        trained: What was trained, and how its images were preprocessed.
        store: Where the release is.
    """

    published: PublishedModel
    trained: TrainedRecipe
    store: Store = field(repr=False)

    @property
    def release(self) -> str:
        """The id of the release that it is from."""
        return self.published.manifest.release

    @property
    def name(self) -> str:
        """What it is called."""
        return self.published.name

    @property
    def recipe(self) -> str:
        """The recipe's name."""
        return self.trained.plan.recipe

    @cached_property
    def scoring(self) -> "Scoring":
        """What its scores are taken with and judged by; read when it is first asked for."""
        return _read_scoring(self.store, self.published)

    def load(self) -> LoadedModel:
        """Load it; what may be wrong with its files says `load`."""
        names = {part: f"{part}.keras" for part in PARTS}
        paths, expected = local_files(self.store, self.published, names.values()), _expected(self.trained)
        parts = {
            part: _load_part(paths[name], self.published.path(name), expected[part]) for part, name in names.items()
        }
        return LoadedModel(
            self.release,
            self.name,
            **parts,
            trained=self.trained,
            read_scoring=partial(_read_scoring, self.store, self.published),
            read_mixture=partial(_read_mixture, self.store, self.published),
        )


def locate(store: Store, model: str, channel: str = "production") -> LocatedModel:
    """Find a published model, and read what it takes; `load` says what may be wrong."""
    manifest = resolve_release(store, channel)
    require_trusted(store, manifest)
    published = _find_model(store, manifest, model)
    # All of them, so that a model that can't be used is refused before anything is done for it.
    paths = local_files(store, published, [*(f"{part}.keras" for part in PARTS), RECIPE])
    return LocatedModel(published, _read_recipe(paths[RECIPE], published.path(RECIPE)), store)


def _find_model(store: Store, manifest: Manifest, name: str) -> PublishedModel:
    found = find_model(manifest, name)
    if found is None:
        there, said = list(published_models(manifest)), manifest.recipes.get(name)
        raise ObjectNotFoundError(
            f"A release has the models that came out sound, here: {', '.join(there) or 'none'}.",
            f"Choose one of those, or another release: aepipe releases list --store {store.url}",
            model=name,
            release=manifest.release,
            **({} if said is None else {"verdict": said.verdict}),
        )
    return found


def _read_scoring(store: Store, model: PublishedModel) -> "Scoring":
    # Here, because it takes SciPy, which models alone do without.
    from aepipe.scoring.files import FILES, read_scoring

    return read_scoring(
        local_files(
            store,
            model,
            FILES,
            "Its version was without calibration. Train it again by the same parameters: the training is found in the "
            "store, and only its calibration is made.",
        )
    )


def _read_mixture(store: Store, model: PublishedModel) -> "CodeMixture":
    """Return the mixture of a variational model; of another model, or an older release, one of its held-out codes."""
    # Here, because it takes scikit-learn.
    from aepipe.generation.mixture import MIXTURE_FILE, CodeMixture

    if any(file.path == model.path(MIXTURE_FILE) for file in model.files):
        return CodeMixture.load(local_files(store, model, [MIXTURE_FILE])[MIXTURE_FILE])
    paths = local_files(store, model, [CODES_FILE], "Train it again, or draw from the prior of a variational model.")
    with np.load(paths[CODES_FILE]) as arrays:
        return CodeMixture.fit(arrays["codes"])


def _read_recipe(path: Path, key: str) -> TrainedRecipe:
    try:
        return parse_stored(path.read_bytes(), TrainedRecipe, key)
    except CorruptObjectError as error:
        raise StoreError(
            "A published recipe.json says how images are preprocessed; those of the first releases don't.",
            "Publish the recipe again.",
            path=key,
            reason=_one_line(error.problem),
        ) from error


def _expected(trained: TrainedRecipe) -> dict[str, "Expected"]:
    """Return what each part must be."""
    from aepipe.training.model_files import Expected

    image, code = trained.plan.image_shape, (trained.plan.model.code_size,)
    count = count_parameters(trained.plan.model, image)
    shapes = {"model": (image, image), "encoder": (image, code), "decoder": (code, image)}
    return {part: Expected(count, *shapes[part]) for part in PARTS}


def _load_part(path: Path, key: str, expected: "Expected | None" = None) -> "keras.Model":
    # Here, because everything that trains nothing must start without TensorFlow.
    from aepipe.training.model_files import load_published

    try:
        return load_published(path, expected)
    except ModelFileError as error:
        raise ModelFileError(
            "A published model loads in Keras' safe mode, which runs no code from the file, and is as its recipe says.",
            "Trust neither the file nor who published it before you know why it doesn't.",
            path=key,
            reason=error.problem,
        ) from error


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MAX_REASON]
