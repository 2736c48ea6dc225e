"""A stage of a run: its fields are what the work is of, its name is their fingerprint, its result lies in the store."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from pydantic import BaseModel

from aepipe.recipes.plan import TrainingPlan
from aepipe.stages.fingerprint import fingerprint
from aepipe.stages.results import FactsT, StageResult, find_whole_stage, produce_stage
from aepipe.store.interface import Store

# Takes what is trained, each `aepipe.training.state.Epoch` and the number of epochs.
OnEpoch = Callable[[TrainingPlan, Any, int], None]


@dataclass(frozen=True)
class Workplace:
    """What a stage's work has at hand.

    Attributes:
        store: Where earlier results are.
        folder: Where its files go.
        refresh: It is done anew; nothing that was saved of it counts.
        on_epoch: Called after each epoch of a training.
    """

    store: Store
    folder: Path
    refresh: bool = False
    on_epoch: OnEpoch | None = None


class Stage(ABC, Generic[FactsT]):
    """One stage. Those of a run are frozen dataclasses of parameters and earlier results.

    Attributes:
        name: The stage's name, which its results lie under.
        kind: Its results.
        libraries: Distributions whose version changes its result.
    """

    name: str
    kind: type[StageResult[FactsT]]
    libraries: Sequence[str] = ()

    @abstractmethod
    def _modules(self) -> Sequence[str]:
        """Return the modules of this project that it runs; what they import of this project counts too."""

    @abstractmethod
    def _settings(self) -> BaseModel:
        """Return what was chosen about the work; every field counts."""

    @abstractmethod
    def depends_on(self) -> Mapping[str, str]:
        """Return a digest for each thing that the work reads, by name."""

    @abstractmethod
    def work(self, place: Workplace) -> FactsT:
        """Fill the folder with files, and return the facts."""

    def fingerprint(self) -> str:
        """Return the name of exactly this work."""
        return fingerprint(self.name, self._settings(), self.depends_on(), self._modules(), self.libraries)

    def label(self) -> str:
        """Return what a person calls it by: the stage's name, and the beginning of its fingerprint."""
        return f"{self.name}/{self.fingerprint()[:12]}"

    def lines(self, result: StageResult[FactsT]) -> Sequence[str]:
        """Return what a person should be told of a result, line by line."""
        return ()

    def find(self, store: Store) -> StageResult[FactsT] | None:
        """Return the result if the store has it."""
        return find_whole_stage(store, self.name, self.fingerprint(), self.kind)

    def produce(self, store: Store, refresh: bool = False, on_epoch: OnEpoch | None = None) -> StageResult[FactsT]:
        """Return the result from the store, or do the work and put it there.

        Args:
            store: Where the result is, or goes.
            refresh: Do the work even if it has been done.
            on_epoch: Called after each epoch of a training.
        """

        def work(folder: Path) -> FactsT:
            return self.work(Workplace(store, folder, refresh, on_epoch))

        return produce_stage(store, self.name, self.fingerprint(), self.kind, work, refresh)
