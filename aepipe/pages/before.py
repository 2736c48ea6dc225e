"""Comparison of a run's models with those of the release that the channel has."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aepipe.evaluation.catalogue import Metric
from aepipe.evaluation.intervals import Interval
from aepipe.gate.rules import judged_metric
from aepipe.recipes.published import published_models
from aepipe.releases.manifest import Manifest
from aepipe.stages.outcome import Done, Outcome


@dataclass(frozen=True)
class Before:
    """A model's error now, and that of the channel's model of its name.

    Attributes:
        model: Its name.
        release: The release in the channel.
        metric: What models are compared by.
        then: The channel's model's, as its release says.
        now: This one's.
        is_same: Both are of the same held-out images.
        then_interval: The 95% interval of `then`, where the release says it.
        now_interval: That of `now`.
    """

    model: str
    release: str
    metric: Metric
    then: float
    now: float
    is_same: bool
    then_interval: Interval | None = None
    now_interval: Interval | None = None

    @property
    def change(self) -> float | None:
        """By which share the error has changed; None where it was of other images."""
        return self.now / self.then - 1 if self.is_same and self.then else None


def compare_with(production: Manifest, outcomes: Iterable[Outcome]) -> Iterator[Before]:
    """Yield every model of a run that the channel has, too, and that was measured in the same way."""
    published = published_models(production)
    for outcome in outcomes:
        incumbent = published.get(outcome.model)
        if incumbent is None or not isinstance(outcome, Done):
            continue
        facts, summary = outcome.measured, incumbent.summary
        metric = judged_metric(facts)
        then, now = summary.metrics.get(metric.name), facts.metrics.get(metric.name)
        if then is not None and now is not None:
            images = summary.images_sha256, summary.test_rows_sha256
            is_same = images == (outcome.data.facts.images_sha256, outcome.split.facts.test_sha256)
            intervals = ((said.intervals or {}).get(metric.name) for said in (summary, facts))
            yield Before(outcome.model, incumbent.manifest.release, metric, then, now, is_same, *intervals)
