"""A search for better settings: an Optuna study whose journal lies in the store, so that it goes on after anything.

A candidate is trained in rungs, each three times as long as the one before; after each, Optuna gives up on those that
are behind (successive halving, Jamieson and Talwalkar, 2016). The setting that is searched around is the first one and
is never given up: it is what the others have to be better than. The validation part decides, the test part never.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import TrialState

from aepipe.cells import as_cells
from aepipe.choices import field_of, flat, is_whole, nested
from aepipe.errors import ConflictError, CorruptObjectError, ParameterError
from aepipe.experiments.space import Range, SearchRanges, check_space
from aepipe.experiments.sweep import SweepValues
from aepipe.io.hashing import canonical_json
from aepipe.io.temporary import temporary_folder
from aepipe.recipes.few_images import describe_few_images
from aepipe.recipes.overrides import Overrides
from aepipe.recipes.plan import plan_training
from aepipe.stages.facts import SearchFacts
from aepipe.stages.fingerprint import fingerprint
from aepipe.stages.outcome import Failed, Outcome
from aepipe.stages.request import TrainingRequest
from aepipe.stages.results import SearchResult, produce_stage
from aepipe.store.interface import Store
from aepipe.training.settings import TrainingSettings

REDUCTION = 3
STUDY = "search"


@dataclass(frozen=True)
class Budget:
    """How long the candidates of a rung train: one part in `share` of the whole training."""

    share: int

    def overrides(self, settings: TrainingSettings) -> Overrides:
        """Return what shortens a training to this share, at least one step or epoch; nothing where it is the whole."""
        if self.share == 1:
            return Overrides()
        if settings.max_steps is not None:
            return Overrides(max_steps=max(1, settings.max_steps // self.share), epochs=settings.epochs)
        return Overrides(epochs=max(1, settings.epochs // self.share))


@dataclass(frozen=True)
class Candidate:
    """Settings that are tried.

    Attributes:
        trial: Optuna's record of them.
        overrides: The settings.
    """

    trial: optuna.Trial
    overrides: Overrides


class Search:
    """A study of one request: asks Optuna for candidates, tells it what they came to, keeps its journal."""

    def __init__(
        self,
        store: Store,
        request: TrainingRequest,
        ranges: SearchRanges,
        values: SweepValues,
        num_rungs: int,
        folder: Path,
        image_shape: tuple[int, int, int] | None = None,
        num_images: int | None = None,
    ):
        check_space(ranges, values, request)
        self._ranges, self._values = ranges.by_dotted_name(), values.by_dotted_name()
        self._request, self._store = request, store
        native_shape = request.definition.native_shape
        shape = image_shape or native_shape
        plan = plan_training(
            request.definition, request.setting, request.preset, request.overrides, shape, num_images=num_images
        )
        self._plan, self._training = plan, plan.training
        self._own = self._setting_as_it_is()
        self.budgets = [Budget(share=REDUCTION**rung) for rung in reversed(range(num_rungs))]
        space = {
            "request": request.model_dump(mode="json", exclude={"data"}),
            "ranges": {name: value.model_dump() for name, value in self._ranges.items()},
            "values": {name: list(value) for name, value in self._values.items()},
            "rungs": num_rungs,
        }
        if shape != native_shape:
            # The setting itself depends on it.
            space["image_shape"] = list(shape)
        if num_images is not None and describe_few_images(self._training, num_images):
            space["num_images"] = num_images
        digest = hashlib.sha256(canonical_json(space)).hexdigest()[:12]
        self.name = f"{request.recipe}-{digest}"
        self._key = f"studies/{self.name}/journal.log"
        self._journal = folder / "journal.log"
        self._version = self._load()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = self._open()
        # Another seed each time: the same one would ask for the same candidates again.
        self._study.sampler = optuna.samplers.TPESampler(seed=len(self._study.trials), constant_liar=True)
        if not self._study.trials:
            self._study.enqueue_trial(dict(self._own))
        self._ask_again_for_what_was_stopped()

    def _open(self) -> optuna.Study:
        try:
            return optuna.create_study(
                storage=JournalStorage(JournalFileBackend(str(self._journal))),
                study_name=STUDY,
                load_if_exists=True,
                pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=REDUCTION),
            )
        # Optuna believes its journal: what is none fails with whatever comes first.
        except Exception as error:
            raise CorruptObjectError(
                "A search's journal must be what Optuna wrote.",
                "Restore it from a backup, or remove it: the search then begins anew.",
                key=self._key,
                reason=f"{type(error).__name__}: {error}",
            ) from error

    @property
    def num_tried(self) -> int:
        """How many candidates were trained to their end, given up, or could not be trained."""
        return len(self.rows())

    def ask(self, most: int) -> list[Candidate]:
        """Return new candidates, at most so many."""
        found = []
        for _ in range(most):
            trial = self._study.ask()
            chosen = {name: self._suggest(trial, name, span) for name, span in self._ranges.items()}
            chosen |= {
                name: trial.suggest_categorical(name, [_as_choice(value) for value in values])
                for name, values in self._values.items()
            }
            found.append(Candidate(trial, Overrides(**nested(chosen))))
        return found

    def request_for(self, candidate: Candidate, budget: Budget) -> TrainingRequest:
        """Return what a rung trains; of the setting as it is, what `aepipe run` would train on the same images."""
        is_own = self.is_as_the_setting_has_it(candidate.trial.params)
        tried = Overrides() if is_own else candidate.overrides
        overrides = self._request.overrides.replaced_by(tried).replaced_by(budget.overrides(self._training))
        return self._request.model_copy(update={"overrides": overrides, "evaluate": False, "exports": ()})

    def tell(self, candidate: Candidate, budget: Budget, outcome: Outcome) -> bool:
        """Note what a rung came to, and return whether the candidate goes on."""
        if isinstance(outcome, Failed):
            candidate.trial.set_user_attr("error", outcome.error)
            self._study.tell(candidate.trial, state=TrialState.FAIL)
            return False
        error = outcome.trained.facts.validation_mse
        if error is None:
            raise ParameterError(
                "A search needs images to validate on.", "Choose split.validation_fraction above 0.", validation=0
            )
        resource = self.budgets[0].share // budget.share
        candidate.trial.report(error, step=resource)
        if budget.share == 1:
            self._study.tell(candidate.trial, error)
            return False
        if candidate.trial.should_prune() and not self.is_as_the_setting_has_it(candidate.trial.params):
            self._study.tell(candidate.trial, state=TrialState.PRUNED)
            return False
        return True

    def save(self) -> None:
        """Put the journal into the store.

        Raises:
            ConflictError: another run of the same search did since this one read it.
        """
        journal = self._journal.read_bytes()
        # A second attempt finds what the first wrote, although its answer was lost.
        with contextlib.suppress(ConflictError):
            self._store.swap(self._key, journal, self._version)
        saved = self._store.get_versioned(self._key)
        if saved is None or saved.data != journal:
            way_out = "Wait for the other's end and run this again; what was trained is in the store."
            raise ConflictError("A search runs once at a time.", way_out, study=self.name)
        self._version = saved.version

    def rows(self) -> list[Mapping[str, Any]]:
        """Return a row for each trial that has ended: number, state, validation MSE of its longest rung, settings."""
        return [
            {
                "trial": trial.number,
                "state": trial.state.name.lower(),
                "validation_mse": _latest(trial),
                "rungs": len(trial.intermediate_values),
                **trial.params,
            }
            for trial in self._trials(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
            # The others were stopped, and asked for again.
            if trial.state != TrialState.FAIL or "error" in trial.user_attrs
        ]

    def best(self) -> tuple[int, float, Mapping[str, Any]] | None:
        """Return number, validation MSE and settings of the best candidate that was trained to its end."""
        if not self._trials(TrialState.COMPLETE):
            return None
        trial = self._study.best_trial
        return trial.number, self._study.best_value, trial.params

    def error_of_the_setting(self) -> float | None:
        """Return the validation MSE of the setting as it is; None where it was no candidate, or not to its end."""
        complete = self._trials(TrialState.COMPLETE)
        return next((trial.value for trial in complete if self.is_as_the_setting_has_it(trial.params)), None)

    def is_as_the_setting_has_it(self, settings: Mapping[str, Any]) -> bool:
        """Tell whether a candidate's settings are those that the search started from."""
        return dict(settings) == self._own

    def _trials(self, *states: TrialState) -> Sequence[optuna.trial.FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)

    def _suggest(self, trial: optuna.Trial, name: str, span: Range) -> float:
        if is_whole(field_of(Overrides, name)):
            return trial.suggest_int(name, round(span.low), round(span.high), log=span.log)
        return trial.suggest_float(name, span.low, span.high, log=span.log)

    def _load(self) -> str | None:
        """Write the stored journal into the file, and return its version; None where there is none."""
        saved = self._store.get_versioned(self._key)
        if saved is None:
            return None
        self._journal.write_bytes(saved.data)
        return saved.version

    def _setting_as_it_is(self) -> Mapping[str, Any]:
        """Return the setting's own values, as far as they are in the space: what a candidate has to be better than."""
        training = self._training.model_dump(mode="json")
        own = dict(flat({**training, "model": self._plan.model.model_dump(mode="json")}))
        # A group that the setting has none of has no value in any range.
        numbers = {name: own.get(name) for name in self._ranges}
        inside = {name: value for name, value in numbers.items() if value is not None and self._ranges[name].has(value)}
        listed = {name: [_as_choice(value) for value in values] for name, values in self._values.items()}
        chosen = {name: _as_choice(own.get(name)) for name in listed}
        return inside | {name: value for name, value in chosen.items() if value in listed[name]}

    def _ask_again_for_what_was_stopped(self) -> None:
        """Candidates whose process was killed come first; what they trained is in the store and is not done again."""
        for trial in self._trials(TrialState.RUNNING):
            self._study.tell(trial.number, state=TrialState.FAIL)
            self._study.enqueue_trial(trial.params)


@contextlib.contextmanager
def open_search(
    store: Store,
    request: TrainingRequest,
    ranges: SearchRanges,
    values: SweepValues,
    num_rungs: int,
    image_shape: tuple[int, int, int] | None = None,
    num_images: int | None = None,
) -> Iterator[Search]:
    """Give the search of a request, as far as it has come.

    Args:
        store: Where its journal is, and its results go.
        request: What the candidates have in common.
        ranges: Numbers to try anywhere in a range.
        values: Lists of values to try.
        num_rungs: In how many steps a candidate is trained longer and longer.
        image_shape: (height, width, channels) of the images at hand; the recipe's own where None.
        num_images: How many there are; as many as the recipe's own where None.

    Raises:
        ParameterError: there is nothing to try, or something that can't be compared.
    """
    with temporary_folder("study") as folder:
        yield Search(store, request, ranges, values, num_rungs, folder, image_shape, num_images)


def tabulate(store: Store, search: Search) -> SearchResult:
    """Put a table of a search's candidates into the store; its facts have their number, and the best in a few words."""
    rows = search.rows()
    inputs = {"study": search.name, "rows": hashlib.sha256(canonical_json(rows)).hexdigest()}
    best, own = search.best(), search.error_of_the_setting()

    def work(folder: Path) -> SearchFacts:
        pd.DataFrame([as_cells(row) for row in rows]).to_csv(folder / "trials.csv", index=False)
        if best is None:
            return SearchFacts(study=search.name, num_trials=len(rows), best="none succeeded")
        number, error, settings = best
        chosen = ", ".join(f"{name} {_plain(value)}" for name, value in settings.items())
        said = f"Study {search.name}, {len(rows)} trials: validation MSE {error:.6f} in trial {number} with {chosen}"
        if search.is_as_the_setting_has_it(settings):
            said += ", as the setting has it"
        elif own is not None:
            said += f"; {own:.6f} as the setting has it"
        return SearchFacts(study=search.name, num_trials=len(rows), best=said)

    name = fingerprint("search", Overrides(), inputs, ["aepipe.experiments.search"])
    return produce_stage(store, "search", name, SearchResult, work)


def _as_choice(value: Any) -> Any:
    """Return a value as Optuna's journal has it: a sequence is written with commas, as on the command line."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value


def _plain(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _latest(trial: optuna.trial.FrozenTrial) -> float | None:
    return trial.intermediate_values[max(trial.intermediate_values)] if trial.intermediate_values else None
