"""Numbers of metrics on a page: those that are compared share a notation, and what is not known is a dash."""

from collections.abc import Callable, Iterable

from aepipe.evaluation.catalogue import Metric, Metrics, names_of
from aepipe.notation import Notation, choose_notation, decimals, significant
from aepipe.stages.facts import EvaluationFacts

# Enough to tell models apart in a table of text, where every error has as many places.
PLACES = 5

# What is said once where numbers have their intervals behind them.
IN_BRACKETS = "95% interval: where the figure would lie on other images like these"

Write = Callable[[Metric, float | None], str]


def notation_of_errors(measured: Iterable[Metrics], others: Iterable[float | None] = ()) -> Notation:
    """Return the one notation of a page's errors per pixel.

    Args:
        measured: The metrics of every model on the page.
        others: Errors per pixel that are no metrics, such as those of the training images.
    """
    names = names_of("per pixel")
    return choose_notation([*(metrics.get(name) for metrics in measured for name in names), *others])


def page_writer(per_pixel: Notation, measured: Iterable[Metrics]) -> Write:
    """Return how a page writes a metric's value, without its unit.

    Args:
        per_pixel: The notation of its errors per pixel.
        measured: The metrics of every model on the page.
    """
    names = names_of("source unit")
    in_source_unit = choose_notation([metrics.get(name) for metrics in measured for name in names])

    def write(metric: Metric, value: float | None) -> str:
        if metric.scale == "per pixel":
            return per_pixel(value)
        return in_source_unit(value) if metric.scale == "source unit" else write_alone(metric, value)

    return write


def write_alone(metric: Metric, value: float | None) -> str:
    """Return a metric's value where nothing beside it decides how it is written, without its unit."""
    places = PLACES if metric.scale == "per pixel" else metric.places
    return significant(value) if places is None else decimals(value, places)


def with_interval(metric: Metric, facts: EvaluationFacts, write: Write) -> str:
    """Return a metric's value, and in brackets the interval that it has, without its unit."""
    interval = facts.intervals.get(metric.name)
    value = write(metric, facts.metrics.get(metric.name))
    return value if interval is None else f"{value} ({write(metric, interval.low)} to {write(metric, interval.high)})"
