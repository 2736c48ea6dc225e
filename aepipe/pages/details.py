"""Held-out figures of one recipe, line by line: what the report says below its table."""

from aepipe.evaluation.catalogue import MSE, Metric, errors_first, metrics_at
from aepipe.evaluation.strongest import find_baselines, find_strongest
from aepipe.notation import significant
from aepipe.pages.numbers import IN_BRACKETS, Write, with_interval
from aepipe.stages.facts import EvaluationFacts


def detail_lines(facts: EvaluationFacts, write: Write) -> list[tuple[str, str]]:
    """Return a name and a value for each metric that was measured; what was not has no line.

    Args:
        facts: The evaluation's.
        write: How the page writes a metric's value.
    """
    lines = []
    for metric in errors_first(metrics_at("details")):
        value = facts.metrics.get(metric.name)
        if value is not None:
            unit = f" {metric.unit}" if metric.unit else ""
            written = with_interval(metric, facts, write)
            lines.append((_heading(metric, facts), f"{written}{unit}{_remark(metric.name, facts)}"))
    return [*lines, ("In brackets", IN_BRACKETS)] if facts.intervals else lines


def say_baseline(facts: EvaluationFacts, name: str, label: str) -> str:
    """Return what a baseline is called, with what was chosen about it."""
    chosen = getattr(facts, name.replace("_mse_per_pixel", "_chosen"), None)
    return f"{label} ({chosen})" if chosen else label


def _heading(metric: Metric, facts: EvaluationFacts) -> str:
    label = metric.where["details"] or metric.label
    if metric.baseline_of != MSE:
        return label
    strongest, is_one_of_many = find_strongest(facts.metrics), len(find_baselines(facts.metrics)) > 1
    is_strongest = is_one_of_many and strongest is not None and strongest.name == metric.name
    said = f"{say_baseline(facts, metric.name, label)}, {facts.code_size} values"
    return f"{said}, the strongest baseline" if is_strongest else said


def _remark(name: str, facts: EvaluationFacts) -> str:
    """Return what is said behind a value."""
    if name == "code_standard_deviation" and facts.collapsed:
        return " (collapsed)"
    if name == "probe_accuracy":
        return f" of the code; {significant(facts.pca_probe_accuracy)} of PCA's"
    if name == "neighbours_of_class":
        return f"; {significant(facts.pca_neighbours_of_class)} by PCA's"
    return ""
