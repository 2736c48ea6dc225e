"""Stage `check`: a user's own images held against their limits, and against the release that a channel names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe.checks.census import take_census
from aepipe.checks.drift_rules import check_code_drift, check_drift
from aepipe.checks.facts import CheckFacts, CheckResult
from aepipe.checks.measures import measure, sample
from aepipe.checks.reference import Reference
from aepipe.checks.rules import (
    Before,
    Comparison,
    check_classes,
    check_constant,
    check_count,
    check_files,
    check_shared,
    check_sizes,
    of_normal_ones,
)
from aepipe.checks.settings import CheckSettings
from aepipe.checks.verdict import CheckLine
from aepipe.datasets.images import ImageData
from aepipe.datasets.index import Index, make_index
from aepipe.io.urls import without_secrets
from aepipe.stages.data import load_data
from aepipe.stages.indices import load_index
from aepipe.stages.results import DataResult, SplitResult
from aepipe.stages.stage import Stage, Workplace
from aepipe.store.interface import Store

MEASURES_FILE = "measures.npz"


class Limits(BaseModel):
    """What a data set is held against."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_left_out: float = Field(description="Share of the files that look like pictures that may give none.")
    checks: CheckSettings = Field(description="The other limits.")


@dataclass(frozen=True)
class CheckStage(Stage[CheckFacts]):
    """Checks of one's own images before anything trains, and measures of them for the run after this one.

    Its facts have each check with its limit, and what there is of each kind beside what there was.
    """

    data: DataResult
    split: SplitResult
    limits: Limits
    reference: Reference | None

    name = "check"
    kind = CheckResult
    libraries = ("keras", "numpy", "pandas", "scikit-learn", "scipy", "tensorflow")

    def _modules(self) -> Sequence[str]:
        return ("aepipe.checks.stage",)

    def _settings(self) -> Limits:
        return self.limits

    def depends_on(self) -> Mapping[str, str]:
        """Return the digests of the images, their parts, and what they are compared with."""
        return {"data": self.data.digest, "split": self.split.digest, **_digests(self.reference)}

    def work(self, place: Workplace) -> CheckFacts:
        """Make every check."""
        images, store = load_data(place.store, self.data), place.store
        index = _read_index(store, self.split)
        before = None if self.reference is None else _before(store, self.reference)
        lines = self._check(store, images, before)
        rows = np.flatnonzero(of_normal_ones(index.images).to_numpy())
        measure(images, sample(rows)).save(place.folder / MEASURES_FILE)
        return CheckFacts(
            name=self.data.facts.name,
            data_set=without_secrets(self.data.facts.data_set or ""),
            reference=None if before is None else before.release,
            identity=self.data.facts.identity,
            lines=tuple(lines),
            census=take_census(index, None if before is None else before.index),
        )

    def lines(self, result: CheckResult) -> Sequence[str]:
        """Return how many checks hold, and what each broken one found."""
        facts = result.facts
        broken = [line.line for line in facts.lines if not line.holds]
        return [f"{facts.name}: {line}" for line in (facts.summary, *broken)]

    def _check(self, store: Store, images: ImageData, before: Before | None) -> Iterator[CheckLine]:
        settings, account = self.limits.checks, self.data.facts.account
        assert account is not None, "a user's own images have one"
        comparison = Comparison(account, _read_index(store, self.data), before)
        encoder = None if self.reference is None else self.reference.encoder
        yield check_files(comparison, self.limits.most_left_out)
        yield check_count(comparison, settings)
        yield from check_classes(comparison, settings)
        yield check_constant(comparison, measure(images, sample(comparison.new_rows)), settings)
        yield check_shared(comparison, settings)
        yield check_sizes(comparison, settings)
        yield from check_drift(comparison, images, settings)
        yield check_code_drift(comparison, images, store, encoder, settings)


class Unusable(BaseModel):
    """A data set that nothing can train on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="The data set's name.")
    data_set: str = Field(description="images:PATH, without what is secret in it.")
    error: str = Field(description="Why.")


@dataclass(frozen=True)
class UnusableStage(Stage[CheckFacts]):
    """What was there before images that nothing can train on: none, broken ones, or all of them equal."""

    found: Unusable
    # What was read of them; None where too few could be.
    data: DataResult | None
    reference: Reference | None

    name = "check"
    kind = CheckResult

    def _modules(self) -> Sequence[str]:
        return ("aepipe.checks.stage",)

    def _settings(self) -> Unusable:
        return self.found

    def depends_on(self) -> Mapping[str, str]:
        """Return the digests of what was read, and of what it is compared with."""
        read = {} if self.data is None else {"data": self.data.digest}
        return {**read, **_digests(self.reference)}

    def work(self, place: Workplace) -> CheckFacts:
        """Say what there was."""
        before = None if self.reference is None else _before(place.store, self.reference)
        now = make_index([]) if self.data is None else _read_index(place.store, self.data)
        had = f"had {len(before.index.images):,} images in release {before.release}; " if before else ""
        return CheckFacts(
            name=self.found.name,
            data_set=self.found.data_set,
            reference=None if before is None else before.release,
            lines=(CheckLine(name="usable images", holds=False, says=f"{had}{self.found.error}"),),
            census=take_census(now, None if before is None else before.index),
            error=self.found.error,
        )


def _before(store: Store, reference: Reference) -> Before:
    return Before(reference.release, reference.read_index(store), reference.read_measures(store))


def _digests(reference: Reference | None) -> dict[str, str]:
    return {} if reference is None else dict(reference.digests())


def _read_index(store: Store, result: DataResult | SplitResult) -> Index:
    index = load_index(store, result)
    assert index is not None, "a user's own images have one"
    return index
