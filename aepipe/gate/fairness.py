"""Fairness: a published model and a new one compare on held-out pictures that neither has learned from.

A picture is known by its digest, in whatever row it is now. One of a group that the published model has learned from,
and the new one has not, is none to compare on either: the one knows the patient, the other does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aepipe.gate.learned import Learned, learned_by_published, learned_in_run
from aepipe.recipes.published import PublishedModel
from aepipe.stages.outcome import Done
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


def find_comparable(
    store: Store, outcome: Done, incumbent: PublishedModel, parents: Sequence[PublishedModel] = ()
) -> Comparable:
    """Return the run's held-out pictures that neither its model nor a published one has learned from.

    Args:
        store: Where the stages and the releases of both are.
        outcome: What the run came to.
        incumbent: The published model.
        parents: Models that one of the two began with the weights of, theirs among them: what those have learned from
            counts, too.
    """
    num_held_out = outcome.split.facts.num_test
    if not parents and _is_same_split(outcome, incumbent):
        return Comparable(np.ones(num_held_out, bool))
    nothing = np.zeros(num_held_out, bool)
    theirs = learned_by_published(store, incumbent)
    if theirs is None:
        return Comparable(nothing, "what it has learned from is not known any more.")
    ours = learned_in_run(store, outcome, theirs.is_indexed)
    if None not in (ours.form, theirs.form) and ours.form != theirs.form:
        return Comparable(nothing, f"its pictures were made {theirs.form}, this run's {ours.form}.")
    if not np.isin(ours.all, theirs.all).any():
        return Comparable(nothing, "it is of other pictures: the two data sets have none in common.")
    chosen = _new_to_both(ours, theirs)
    for parent in parents:
        began_with = learned_by_published(store, parent)
        if began_with is None:
            return Comparable(nothing, f"what {parent.manifest.release} has learned from is not known any more.")
        if began_with.is_indexed != ours.is_indexed:
            ours = learned_in_run(store, outcome, began_with.is_indexed)
        chosen &= _new_to_both(ours, began_with)
    return Comparable(chosen, "" if chosen.any() else "one of the two has learned from each picture that is held out.")


def _new_to_both(ours: Learned, theirs: Learned) -> np.ndarray:
    learned = np.isin(ours.held_out, np.concatenate([ours.learned, theirs.learned]))
    is_known_company = np.isin(ours.held_out_names, theirs.learned_names)
    # Where the source itself has a group in several parts, both models know it.
    return ~learned & ~(is_known_company & ~np.isin(ours.held_out_names, ours.learned_names))


def _is_same_split(outcome: Done, incumbent: PublishedModel) -> bool:
    """Tell whether the same rows of the same images are held out; releases of every age say so."""
    theirs = incumbent.summary
    held_out = outcome.data.facts.images_sha256, outcome.split.facts.test_sha256
    return held_out == (theirs.images_sha256, theirs.test_rows_sha256)
