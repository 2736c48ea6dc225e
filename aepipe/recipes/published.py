"""Published models: those of a release by their names, whichever version wrote it.

Versions before there were names called each model by its recipe, whatever it was trained on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from aepipe.errors import ObjectNotFoundError, ParameterError
from aepipe.recipes import get_recipe
from aepipe.recipes.naming import model_name
from aepipe.releases.facts import RecipeSummary, ReleaseSummary
from aepipe.releases.manifest import Manifest, ReleaseFile, with_models
from aepipe.splits import SplitMethod
from aepipe.store.refs import Kind, Ref


@dataclass(frozen=True)
class PublishedModel:
    """A model of a release.

    Attributes:
        name: What it is called.
        manifest: The release's manifest.
        key: What the manifest and the folder of its files call it: its name, or its recipe's in an older release.
    """

    name: str
    manifest: Manifest
    key: str

    @property
    def summary(self) -> RecipeSummary:
        """What the manifest says about it."""
        return self.manifest.recipes[self.key]

    @property
    def recipe(self) -> str:
        """The recipe that it is of."""
        return self.summary.recipe or self.key

    @property
    def lineage(self) -> dict[str, str]:
        """The fingerprint of each stage that it comes from."""
        return self.manifest.lineage.get(self.key, {})

    @property
    def files(self) -> list[ReleaseFile]:
        """Its files."""
        return [file for file in self.manifest.files if file.path.startswith(self.path(""))]

    @property
    def sha256(self) -> str:
        """Digest of the model's file."""
        return next(file.sha256 for file in self.files if file.path == self.path("model.keras"))

    def ref(self, store_url: str, file: str, kind: Kind) -> Ref:
        """Return the reference to one of its files.

        Raises:
            ObjectNotFoundError: it has none of this name.
        """
        path, release = self.path(file), self.manifest.release
        found = next((one for one in self.files if one.path == path), None)
        if found is None:
            raise ObjectNotFoundError("A published model comes with its files.", release=release, missing=path)
        return Ref(uri=f"{store_url}/releases/{release}/{path}", sha256=found.sha256, size=found.size, kind=kind)

    def path(self, file: str) -> str:
        """Return the path of one of its files in the release."""
        return f"models/{self.key}/{file}"


def published_models(manifest: Manifest) -> dict[str, PublishedModel]:
    """Return the models that a release has, by their names."""
    found = (PublishedModel(called(key, manifest.recipes[key]), manifest, key) for key in with_models(manifest))
    return {model.name: model for model in found}


def summaries_by_name(manifest: ReleaseSummary) -> dict[str, RecipeSummary]:
    """Return what a manifest says about each model by its name, those that failed or are unsound among them."""
    return {called(key, summary): summary for key, summary in manifest.recipes.items()}


def find_model(manifest: Manifest, name: str) -> PublishedModel | None:
    """Return a release's model by its name, or by what the release itself calls it; None where there is none."""
    models = published_models(manifest)
    return next((model for model in models.values() if model.key == name), models.get(name))


def called(key: str, summary: RecipeSummary) -> str:
    """Return what a model is called that a manifest has under this key, whichever version wrote it."""
    if summary.recipe is not None or summary.data is None:
        return key
    try:
        return model_name(get_recipe(key), _data_set_of(summary.data))
    except ParameterError:
        # A recipe from outside that is not installed here.
        return key


def _data_set_of(data: str) -> str:
    """Return the data set's name from that of data and split, which an older version has alone."""
    return next((data.removesuffix(label) for label in _split_labels() if data.endswith(label)), data)


def _split_labels() -> Iterator[str]:
    for method in get_args(SplitMethod):
        yield from (f"-{method}-in-order", f"-{method}")
