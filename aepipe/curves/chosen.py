"""Choice of trainings by a user's words: names of models, ids of releases, names of channels."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aepipe.errors import CorruptObjectError, NewerObjectError, ObjectNotFoundError
from aepipe.recipes.naming import spelled_out_model
from aepipe.recipes.published import PublishedModel, published_models
from aepipe.releases.absent import require_store
from aepipe.releases.manifest import Manifest, read_manifest, resolve_release
from aepipe.releases.signatures import require_trusted
from aepipe.releases.survey import release_ids
from aepipe.store.interface import Store


@dataclass(frozen=True)
class Chosen:
    """Which trainings are looked at.

    Attributes:
        models: Names of models, or of recipes for their models of any data; all where empty.
        releases: Only what these ids and channels name; the latest ones where empty.
        last: How many of the latest of each name, or how many of the latest releases where there are no names.
    """

    models: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    last: int = 1

    @classmethod
    def of(cls, models: Sequence[str], releases: Sequence[str], last: int) -> "Chosen":
        """Return the choice that a user wrote, with short names spelled out."""
        return cls(tuple(map(spelled_out_model, models)), tuple(releases), last)

    def names_of(self, model: str, recipe: str) -> list[str]:
        """Return by which of the names a model is chosen; its own where all are."""
        return [name for name in self.models if name in (model, recipe)] if self.models else [model]


def find_published(store: Store, chosen: Chosen) -> list[PublishedModel]:
    """Return the published models that are chosen, the latest first.

    Raises:
        ObjectNotFoundError: there is no store, or no such release or channel.
        UntrustedReleaseError: no trusted key signed one of the releases.
    """
    require_store(store)
    found = list(_named(store, chosen) if chosen.releases else _latest(store, chosen))
    for manifest in {model.manifest.release: model.manifest for model in found}.values():
        require_trusted(store, manifest)
    return found


def _named(store: Store, chosen: Chosen) -> Iterator[PublishedModel]:
    # Two channels may name one release.
    manifests = {manifest.release: manifest for manifest in (resolve_release(store, name) for name in chosen.releases)}
    for release in sorted(manifests, reverse=True):
        models = published_models(manifests[release])
        yield from (models[name] for name in models if chosen.names_of(name, models[name].recipe))


def _latest(store: Store, chosen: Chosen) -> Iterator[PublishedModel]:
    """Yield the latest models that are chosen, each training once: releases that are composed have others' models."""
    counts, num_releases, seen = Counter[str](), 0, set[tuple[str, str]]()
    for manifest in _readable(store):
        if min((counts[name] for name in chosen.models), default=num_releases) >= chosen.last:
            return
        found = [model for name, model in published_models(manifest).items() if (name, _origin(model)) not in seen]
        seen.update((model.name, _origin(model)) for model in found)
        num_releases += bool(found)
        for model in found:
            names = chosen.names_of(model.name, model.recipe)
            if any(not chosen.models or counts[name] < chosen.last for name in names):
                counts.update(names)
                yield model


def _origin(model: PublishedModel) -> str:
    """Return the release that a model was trained in."""
    return model.summary.origin or model.manifest.release


def _readable(store: Store) -> Iterator[Manifest]:
    for release in release_ids(store):
        try:
            yield read_manifest(store, release)
        except (ObjectNotFoundError, CorruptObjectError, NewerObjectError):
            # Pruned meanwhile, or one that `aepipe releases list` says is damaged.
            continue
