"""Parents: published models whose weights a training begins with, instead of random ones.

What is asked for may be a channel, which others move. A run finds the model once, when it begins, and gives it with its
digest to the trainings that it starts.
"""

import json
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import CorruptObjectError, ObjectNotFoundError, ParameterError
from aepipe.models.options import count_parameters
from aepipe.recipes.plan import Length, TrainingPlan
from aepipe.recipes.published import PublishedModel, find_model, published_models
from aepipe.recipes.trained import TrainedRecipe
from aepipe.releases.channels import read_channel
from aepipe.releases.manifest import read_manifest, resolve_release
from aepipe.releases.signatures import require_trusted
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file
from aepipe.store.names import Name, ReleaseId, Sha256, is_channel_name
from aepipe.store.parsing import parse_stored

if TYPE_CHECKING:
    import numpy as np

NOTHING = "nothing"
StartFrom = Annotated[str, Field(pattern=r"^([a-z0-9-]{1,64}|\d{8}T\d{6}Z(-[0-9a-z]{1,64}){1,8})$")]
# What a chain of nights is cut to. Parts hold still: what an older model learned from is in no held-out part either.
MAX_ANCESTORS = 5
# It says what untrained weights would be.
NOT_COMPARED = ("initializer",)


class Parent(BaseModel):
    """A published model that a training begins with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: ReleaseId = Field(description="The release that it is in.")
    model: Name = Field(description="What the release calls it.")
    sha256: Sha256 = Field(title="Digest", description="Digest of the model's file.")
    options: str = Field(description="Its architecture with every option, as JSON.")
    image_shape: tuple[Length, Length, Length] = Field(description="(height, width, channels) of its images.")
    ancestors: tuple[str, ...] = Field((), description="What it began with itself, the nearest first: release/model.")

    @property
    def line(self) -> tuple[str, ...]:
        """It and what it began with, the nearest first: release/model."""
        return (f"{self.release}/{self.model}", *self.ancestors)[:MAX_ANCESTORS]

    def check_fits(self, plan: TrainingPlan) -> None:
        """Check that a plan's model can begin with this one's weights.

        Raises:
            ParameterError: they differ in the images' shape or in an option.
        """
        theirs = {"image_shape": list(self.image_shape), **json.loads(self.options)}
        ours = {"image_shape": list(plan.image_shape), **plan.model.model_dump(mode="json")}
        both = (name for name in {**theirs, **ours} if name not in NOT_COMPARED)
        names = [name for name in both if theirs.get(name) != ours.get(name)]
        if names:
            raise ParameterError(
                f"A training begins with a model like its own; {self.model} of {self.release} is another.",
                "Leave the changes out, or begin with nothing: --start-from nothing.",
                **{name: f"{theirs.get(name)} there, {ours.get(name)} here" for name in names},
            )


def find_parent(store: Store, start_from: str, name: str) -> Parent | None:
    """Return the model that a training begins with; None where a channel has none of this name yet.

    Args:
        store: Where the releases are.
        start_from: A channel's name, or a release's id.
        name: The model's name.

    Raises:
        ObjectNotFoundError: there is no such release, or it has no such model.
        CorruptObjectError: the manifest or the recipe is damaged.
        UntrustedReleaseError: no trusted key signed the release.
    """
    is_channel = is_channel_name(start_from)
    if is_channel and read_channel(store, start_from) is None:
        return None
    manifest = resolve_release(store, start_from)
    require_trusted(store, manifest)
    published = published_models(manifest).get(name) if is_channel else find_model(manifest, name)
    if published is not None:
        return _describe(store, published)
    if is_channel:
        return None
    raise ObjectNotFoundError(
        f"What a training begins with is a model of its name, here: {', '.join(published_models(manifest)) or 'none'}.",
        f"Choose another: aepipe releases list --store {store.url}",
        start_from=start_from,
        model=name,
    )


def find_parent_of(store: Store, parent: Parent | None) -> Parent | None:
    """Return the model that a parent itself began with; None where it began with nothing, or that is gone."""
    if parent is None or not parent.ancestors:
        return None
    release, _, name = parent.ancestors[0].partition("/")
    try:
        return find_parent(store, release, name)
    except ObjectNotFoundError:
        return None


def load_weights(store: Store, parent: Parent, plan: TrainingPlan) -> "list[np.ndarray]":
    """Return the weights of a parent that fits a plan; every byte is checked, and no code from the file is run.

    Raises:
        ObjectNotFoundError: its release is gone.
        CorruptObjectError: it is another model than the one that was found.
        UntrustedReleaseError: no trusted key signed the release.
        ModelFileError: the file holds no such model.
    """
    # Here, because it imports TensorFlow.
    from aepipe.training.model_files import Expected, load_published

    manifest = read_manifest(store, parent.release)
    require_trusted(store, manifest)
    published, shape = find_model(manifest, parent.model), plan.image_shape
    if published is None or published.sha256 != parent.sha256:
        raise CorruptObjectError("A release never changes.", "Run again.", release=parent.release, model=parent.model)
    path = local_file(store, published.ref(store.url, "model.keras", "model"))
    model = load_published(path, Expected(count_parameters(plan.model, shape), shape, shape))
    weights: list[np.ndarray] = model.get_weights()
    return weights


def _describe(store: Store, published: PublishedModel) -> Parent:
    ref = published.ref(store.url, "recipe.json", "document")
    trained = parse_stored(local_file(store, ref).read_bytes(), TrainedRecipe, published.path("recipe.json"))
    return Parent(
        release=published.manifest.release,
        model=published.key,
        sha256=published.sha256,
        options=trained.plan.model.model_dump_json(),
        image_shape=trained.plan.image_shape,
        ancestors=tuple(published.summary.started_from or ())[: MAX_ANCESTORS - 1],
    )
