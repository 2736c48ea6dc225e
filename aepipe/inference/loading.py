"""Loading of published models: found by channel, checked against the release's manifest, with their preprocessing."""

from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aepipe.errors import CorruptObjectError, ModelFileError, ObjectNotFoundError, StoreError
from aepipe.inference.files import local_files
from aepipe.inference.loaded import LoadedModel
from aepipe.models.options import count_parameters
from aepipe.recipes.published import PublishedModel, find_model, published_models
from aepipe.recipes.trained import TrainedRecipe
from aepipe.releases.manifest import Manifest, resolve_release
from aepipe.releases.signatures import require_trusted
from aepipe.store import Store, open_store
from aepipe.store.parsing import parse_stored

if TYPE_CHECKING:
    from aepipe.generation.mixture import CodeMixture
    from aepipe.scoring.scoring import Scoring
    from aepipe.training.model_files import Expected
    from aepipe.training.runtime import keras

# Codes of held-out images.
CODES_FILE = "codes.npz"
PARTS = ("model", "encoder", "decoder")
RECIPE = "recipe.json"
MAX_REASON = 300


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
            read_scoring=lambda: self.scoring,
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
            "A published recipe.json says how images are preprocessed, and names an architecture that is here.",
            "Install the package of the architecture; one of the first releases must be published again.",
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
