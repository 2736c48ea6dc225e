"""Pictures that a model has learned from, and those that were held out from it, by their digests.

It has learned from what it trained on, and from what its kept epoch was chosen by. The index in a release says so, also
when the stages that the model was made by are gone. Of an older release the stages themselves must say it.
"""

from dataclasses import dataclass

import numpy as np

from aepipe.bonds import TEST, TRAIN, VALIDATION, Pictures
from aepipe.datasets.index import Index, read_index
from aepipe.errors import CorruptObjectError, NewerObjectError, ObjectNotFoundError
from aepipe.recipes.published import PublishedModel
from aepipe.stages.indices import load_index
from aepipe.stages.outcome import Done
from aepipe.stages.results import DataResult, SplitResult, find_stage
from aepipe.stages.split import load_digests
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file
from aepipe.store.refs import Ref

# In an index's facts: what was made of each picture.
FORM = "form"
# What may be wrong about what a store has of a model. One that does not answer is asked again.
NOT_READABLE = (CorruptObjectError, NewerObjectError, ObjectNotFoundError)


@dataclass(frozen=True)
class Learned:
    """The pictures of a model; each digest as bytes.

    Attributes:
        held_out: (num_held_out,) the normal ones held out, in the order of their rows.
        held_out_names: (num_held_out,) what each is bound to: its group, its file, or itself.
        learned: Those that were learned from.
        learned_names: What those are bound to.
        form: What was made of each picture, where that is known.
        is_indexed: Digests are of the pictures as they are in their files, otherwise as they were trained on.
    """

    held_out: np.ndarray
    held_out_names: np.ndarray
    learned: np.ndarray
    learned_names: np.ndarray
    form: str | None = None
    is_indexed: bool = False

    @property
    def all(self) -> np.ndarray:
        """The digests of all pictures in a part."""
        return np.concatenate([self.held_out, self.learned])


def learned_in_run(store: Store, outcome: Done, indexed: bool) -> Learned:
    """Return the pictures of a run's own model.

    Args:
        store: Where its stages are.
        outcome: What the run came to.
        indexed: By its index, where it has one.
    """
    index = load_index(store, outcome.split) if indexed else None
    return _by_digests(load_digests(store, outcome.data, outcome.split)) if index is None else by_index(index)


def learned_by_published(store: Store, model: PublishedModel) -> Learned | None:
    """Return the pictures of a published model; None where nobody knows them any more."""
    for look in (_in_release, _in_stages):
        try:
            found = look(store, model)
        # Pruned or damaged; it may be said elsewhere.
        except NOT_READABLE:
            continue
        if found is not None:
            return found
    return None


def _in_release(store: Store, model: PublishedModel) -> Learned | None:
    path = model.summary.index
    files = [file for file in model.manifest.files if file.path == path]
    if not files:
        return None
    uri = f"{store.url}/releases/{model.manifest.release}/{path}"
    ref = Ref(uri=uri, sha256=files[0].sha256, size=files[0].size, kind="table")
    return by_index(read_index(local_file(store, ref)))


def _in_stages(store: Store, model: PublishedModel) -> Learned | None:
    lineage = model.lineage
    data = find_stage(store, "data", lineage["data"], DataResult) if "data" in lineage else None
    split = find_stage(store, "split", lineage["split"], SplitResult) if "split" in lineage else None
    if split is None:
        return None
    index = load_index(store, split)
    return _by_digests(load_digests(store, data, split)) if index is None else by_index(index)


def by_index(index: Index) -> Learned:
    """Return what the index of a model's images says of them."""
    pictures = Pictures.of_index(index)
    held_out = (pictures.given == TEST) & ~pictures.is_anomalous
    learned = np.isin(pictures.given, (TRAIN, VALIDATION))
    digests, names = pictures.digests, pictures.names
    return Learned(
        digests[held_out], names[held_out], digests[learned], names[learned], index.facts.get(FORM), is_indexed=True
    )


def _by_digests(parts: dict[str, np.ndarray]) -> Learned:
    learned = np.concatenate([parts[TRAIN], parts[VALIDATION]])
    return Learned(parts[TEST], parts[TEST], learned, learned)
