"""Ancestors: published models that a model began with; what they have learned from, it has learned from too."""

from collections.abc import Iterator

from aepipe.errors import ObjectNotFoundError
from aepipe.recipes.published import PublishedModel, find_model
from aepipe.releases.manifest import read_manifest
from aepipe.stages.outcome import Done
from aepipe.store.interface import Store


def find_ancestors(store: Store, outcome: Done, incumbent: PublishedModel) -> list[PublishedModel]:
    """Return what a run's model and the channel's began with, but for the channel's model itself.

    Those whose release was pruned are left out: parts hold still, so what they trained on is held out from nobody.

    Args:
        store: Where the releases are.
        outcome: What the run came to.
        incumbent: The channel's model.
    """
    named = [] if outcome.parent is None else list(outcome.parent.line)
    named += incumbent.summary.started_from or []
    own = f"{incumbent.manifest.release}/{incumbent.key}"
    return list(_read(store, [name for name in dict.fromkeys(named) if name != own]))


def _read(store: Store, names: list[str]) -> Iterator[PublishedModel]:
    for name in names:
        release, _, key = name.partition("/")
        try:
            found = find_model(read_manifest(store, release), key)
        except ObjectNotFoundError:
            continue
        if found is not None:
            yield found
