"""Seeds at the gate: what is known of how much they change the error of a run's model.

Where a sweep in the store has trained the same with several seeds, it tells. Otherwise it is taken to be a little more
than was measured: of tuned settings as they are over three seeds (docs/reproductions.md), of anything else what short
trainings came to (docs/releases.md).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial

from aepipe.errors import CorruptObjectError, NewerObjectError, StoreError
from aepipe.evaluation.seeds import SeedSpread
from aepipe.gate.rules import judged_error
from aepipe.io.hashing import canonical_json
from aepipe.recipes import get_recipe
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.releases.survey import survey
from aepipe.stages.outcome import Done, Outcome
from aepipe.stages.results import SweepResult, find_stage
from aepipe.store.interface import Store

TUNED_SPREAD, DEFAULT_SPREAD = SeedSpread(share=0.015), SeedSpread(share=0.03)


def alike(outcome: Done) -> str:
    """Return a digest of what trainings share that differ by their seed alone: the plan, and the data set's name."""
    training = outcome.plan.training.model_copy(update={"seed": 0})
    plan = outcome.plan.model_copy(update={"training": training}).model_dump(mode="json")
    return hashlib.sha256(canonical_json({"plan": plan, "data": outcome.data.facts.name})).hexdigest()


def measure_seed_spreads(outcomes: Iterable[Outcome]) -> dict[str, SeedSpread]:
    """Return how much seeds change the error, by `alike`, of what was trained with enough of them."""
    errors: dict[str, list[float]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Done):
            errors.setdefault(alike(outcome), []).append(judged_error(outcome.measured))
    spreads = {name: SeedSpread.of(of_each) for name, of_each in errors.items()}
    return {name: spread for name, spread in spreads.items() if spread is not None}


class SeedSpreads:
    """How much seeds change the errors of models, as the sweeps of a store tell; they are read once.

    Args:
        store: Where sweeps are.
    """

    def __init__(self, store: Store):
        self._store = store

    def of(self, outcome: Done, chosen: float | None = None) -> SeedSpread:
        """Return how much the seed changes the error of a run's model.

        Args:
            outcome: What the run came to.
            chosen: What was chosen; None leaves it to the sweep with most seeds that trained the same, if there is one.
        """
        if chosen is not None:
            return SeedSpread(share=chosen)
        name = alike(outcome)
        found = [spreads[name] for spreads in self._of_sweeps if name in spreads]
        default = TUNED_SPREAD if _is_as_tuned(outcome) else DEFAULT_SPREAD
        return max(found, key=lambda spread: spread.num_seeds or 0, default=default)

    @cached_property
    def _of_sweeps(self) -> Sequence[Mapping[str, SeedSpread]]:
        return _spreads_of_sweeps(self._store)


def _is_as_tuned(outcome: Done) -> bool:
    """Tell whether a recipe's tuned setting was trained as it is, on the recipe's own data.

    What a file changed was measured by nobody.
    """
    if outcome.setting != "tuned" or outcome.recipe_file is not None:
        return False
    plan, native = outcome.plan, get_recipe(outcome.recipe).data_set
    if outcome.data.facts.name != native:
        return False
    return plan == plan_training(plan.recipe, "tuned", "full", Overrides(seed=plan.training.seed), plan.image_shape)


def _spreads_of_sweeps(store: Store) -> list[dict[str, SeedSpread]]:
    fingerprints = [name.removesuffix("/") for name in store.names("stages/sweep/")]
    # What nobody can read tells nothing; a release does not wait for it.
    sweeps, _ = survey(fingerprints, partial(_read_sweep, store))
    return [sweep.facts.seed_spreads for sweep in sweeps]


def _read_sweep(store: Store, fingerprint: str) -> SweepResult | StoreError | None:
    try:
        return find_stage(store, "sweep", fingerprint, SweepResult)
    except (CorruptObjectError, NewerObjectError) as error:
        return error
