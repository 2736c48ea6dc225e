"""Rule about the channel's model: a new one takes its place unless it is shown to be worse.

Chance alone makes half of all equally good models look worse, so a difference must be shown, and be larger than what is
tolerated. A model of which no difference is shown is promoted: it has learned from what is newest. Small steps that
are not shown add up, so they are remembered, and end where it is shown that they come to more than what is tolerated.
"""

import math

from aepipe.gate.comparison import Comparison, worse
from aepipe.gate.measured import NOT_FAIR, Measured
from aepipe.gate.settings import PublishSettings
from aepipe.gate.verdicts import RuleResult


def incumbent_rule(error: float, incumbent: Measured, settings: PublishSettings, demanded: bool) -> RuleResult:
    """Return whether the channel shall have a model in place of its own.

    Args:
        error: The new model's error on the images that both are compared on.
        incumbent: The channel's model.
        settings: What is tolerated.
        demanded: Whether the model is held back where the rule does not hold.
    """
    figures: dict[str, float | None] = {"error": _figure(error), "incumbent": _figure(incumbent.error)}
    if incumbent.num_images is not None:
        figures |= {"images": incumbent.num_images, "held_out": incumbent.num_held_out}
    found, tolerance = incumbent.comparison, settings.regression_tolerance
    is_within = error <= (1 + tolerance) * incumbent.error
    objection = "" if found is None else _objection(found, is_within, settings)
    # Of too few images there is no interval: what they say is taken as it is.
    is_told = found is not None and found.shown != "nothing"
    parts = [incumbent.on_which, "" if found is None else f"{found}: {found.conclusion}", objection]
    said = "; ".join(part for part in parts if part)
    return RuleResult(
        rule=f"Not more than {tolerance:.0%} worse than the model of {incumbent.release} on the same images"
        f"{f': {said}' if said else ''}{_problem(incumbent.problem)}",
        passed=not objection if is_told else is_within,
        demanded=demanded,
        figures=figures,
    )


def _objection(found: Comparison, is_within: bool, settings: PublishSettings) -> str:
    """Return why a model that was compared does not take the other's place; empty where it does."""
    if found.shown == "worse" and not is_within:
        return f"by more than {settings.regression_tolerance:.0%}"
    if found.surely_behind > settings.regression_tolerance:
        return f"and at least {worse(found.surely_behind)} than the best that the channel has had"
    if found.shown != "better" and settings.no_difference == "keep":
        return "publishing.no_difference is keep"
    return ""


def _problem(problem: str) -> str:
    if not problem:
        return "."
    return f"{';' if problem.startswith(NOT_FAIR) else '.'} {problem}"


def _figure(value: float) -> float | None:
    return value if math.isfinite(value) else None
