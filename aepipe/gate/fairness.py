"""Fairness: a published model and a new one compare on held-out pictures that neither has learned from.

A model has learned from what it trained on, and from what its kept epoch was chosen by. A picture is known by its
digest, in whatever row it is now.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aepipe.errors import AepipeError
from aepipe.parts import TEST, TRAIN, VALIDATION
from aepipe.recipes.published import PublishedModel
from aepipe.stages.outcome import Done
from aepipe.stages.results import DataResult, SplitResult, find_stage
from aepipe.stages.split import load_digests
from aepipe.store.interface import Store


@dataclass(frozen=True)
class Comparable:
    """Held-out pictures to compare on.

    Attributes:
        chosen: (num_held_out,) booleans, in the order of the new model's held-out rows.
        problem: Why there are none.
    """

    chosen: np.ndarray
    problem: str = ""


def find_comparable(store: Store, outcome: Done, incumbent: PublishedModel) -> Comparable:
    """Return the run's held-out pictures that neither its model nor a published one has learned from.

    Args:
        store: Where the stages of both are.
        outcome: What the run came to.
        incumbent: The published model.
    """
    num_held_out = outcome.split.facts.num_test
    if _is_same_split(outcome, incumbent):
        return Comparable(np.ones(num_held_out, bool))
    nothing = np.zeros(num_held_out, bool)
    theirs = _digests_of(store, incumbent.lineage)
    if theirs is None:
        return Comparable(nothing, "What it has learned from is not known any more.")
    ours = load_digests(store, outcome.data, outcome.split)
    if not np.isin(np.concatenate(list(ours.values())), np.concatenate(list(theirs.values()))).any():
        return Comparable(nothing, "It is of other pictures: the two data sets have none in common.")
    learned = np.concatenate([parts[name] for parts in (ours, theirs) for name in (TRAIN, VALIDATION)])
    chosen = ~np.isin(ours[TEST], learned)
    problem = "" if chosen.any() else "One of the two has learned from each picture that is held out."
    return Comparable(chosen, problem)


def _is_same_split(outcome: Done, incumbent: PublishedModel) -> bool:
    """Tell whether the same rows of the same images are held out; releases of every age say so."""
    theirs = incumbent.summary
    held_out = outcome.data.facts.images_sha256, outcome.split.facts.test_sha256
    return held_out == (theirs.images_sha256, theirs.test_rows_sha256)


def _digests_of(store: Store, lineage: Mapping[str, str]) -> dict[str, np.ndarray] | None:
    try:
        data = find_stage(store, "data", lineage["data"], DataResult) if "data" in lineage else None
        split = find_stage(store, "split", lineage["split"], SplitResult) if "split" in lineage else None
        return None if split is None else load_digests(store, data, split)
    except AepipeError:
        # Pruned or damaged: it can't be said what was learned from, which the caller tells.
        return None
