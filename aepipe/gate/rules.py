"""The gate: which recipes of a run a channel shall have, decided by rules, always with figures and a reason."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from aepipe.evaluation.catalogue import (
    AUROC,
    BY_NAME,
    DENOISED_MSE,
    HIDDEN_MSE,
    MSE,
    PCA_AUROC,
    Metric,
    Metrics,
    baselines_of,
)
from aepipe.evaluation.strongest import find_baselines, find_strongest
from aepipe.gate.incumbent import incumbent_rule
from aepipe.gate.measured import Measured
from aepipe.gate.settings import PublishSettings
from aepipe.gate.verdicts import RuleResult, Verdict
from aepipe.notation import decimals, significant, words
from aepipe.stages.facts import EvaluationFacts
from aepipe.stages.outcome import Done, Failed, Outcome

# Figures of a rule that are no metrics by name: errors by which it was decided, and numbers of images.
ERRORS = ("error", "low", "high", "measured", "reloaded", "incumbent")
COUNTS = ("images", "held_out")


@dataclass(frozen=True)
class Demands:
    """Which rules hold a recipe back. That a model is sound is always demanded.

    Attributes:
        baselines: It must beat the strongest baseline at its code size; a denoiser doing nothing and the best linear
            map.
        incumbent: It must not be worse than the channel's model.
    """

    baselines: bool
    incumbent: bool

    @classmethod
    def of(cls, setting: str, preset: str, settings: PublishSettings) -> "Demands":
        """Return what a run demands: a source's own setting need not beat a baseline, a demonstration nothing."""
        baselines = setting == "tuned" and preset == "full"
        chosen = settings.demand_baselines
        return cls(baselines=baselines if chosen is None else chosen, incumbent=preset == "full")


def is_sound(outcome: Outcome) -> bool:
    """Tell whether a recipe came to a model that somebody could use; others are not even candidates."""
    return isinstance(outcome, Done) and all(rule.passed for rule in _soundness(outcome.measured))


def judged_metric(facts: EvaluationFacts) -> Metric:
    """Return the metric that models are compared by.

    That is a denoiser's error on noisy input; where there are no clean images that of hidden pixels; any other's on
    clean input.
    """
    if learned_blind(facts):
        return BY_NAME[HIDDEN_MSE]
    return BY_NAME[DENOISED_MSE if is_denoiser(facts) else MSE]


def judged_error(facts: EvaluationFacts) -> float:
    """Return what a model came to in the metric that models are compared by."""
    found = facts.metrics[judged_metric(facts).name]
    return math.nan if found is None else found


def is_denoiser(facts: EvaluationFacts) -> bool:
    """Tell whether the noisy test set has the noise that the model was trained for."""
    return facts.denoised_mse_per_pixel is not None


def learned_blind(facts: EvaluationFacts) -> bool:
    """Tell whether a model learned from noisy images alone, by their hidden pixels."""
    return facts.hidden_mse_per_pixel is not None


def judge(
    outcome: Outcome,
    reloaded: Measured | None,
    incumbent: Measured | None,
    demands: Demands,
    settings: PublishSettings,
) -> Verdict:
    """Return the decision about one recipe, with every rule that was applied.

    Args:
        outcome: What the recipe came to.
        reloaded: Its model, loaded from its published bytes; None where it has none.
        incumbent: The channel's model of the recipe; None where there is nothing to compare with.
        demands: Which rules hold it back.
        settings: The tolerances.
    """
    if isinstance(outcome, Failed):
        return Verdict(recipe=outcome.recipe, model=outcome.model, verdict="failed", reason=outcome.error)
    facts = outcome.measured
    rules = [*_soundness(facts)]
    if reloaded is not None:
        rules.append(_reload_rule(judged_error(facts), reloaded, settings.reload_tolerance))
    rules += _baseline_rules(facts, demands.baselines)
    if settings.demand_auroc is not None:
        rules.append(_detection_rule(facts.metrics, settings.demand_auroc))
    if incumbent is not None:
        own = judged_error(facts) if incumbent.candidate_error is None else incumbent.candidate_error
        rules.append(incumbent_rule(own, incumbent, settings, demands.incumbent))
    broken = [rule for rule in rules if rule.demanded and not rule.passed]
    return Verdict(
        recipe=outcome.recipe,
        model=outcome.model,
        verdict="held" if broken else "first" if incumbent is None else "promoted",
        rules=tuple(rules),
        comparison=None if incumbent is None else incumbent.comparison,
        reason=_reason(rules, broken, incumbent),
    )


def _soundness(facts: EvaluationFacts) -> Iterator[RuleResult]:
    mse, mean_mse = facts.mse_per_pixel, facts.mean_image_mse_per_pixel
    yield RuleResult(
        rule="The error on held-out data is finite.", passed=math.isfinite(mse), figures={"mse_per_pixel": _figure(mse)}
    )
    yield RuleResult(
        rule="The code varies between images: it has not collapsed.",
        passed=not facts.collapsed,
        figures={"code_standard_deviation": facts.code_standard_deviation},
    )
    yield RuleResult(
        rule="The model tells more about an image than the mean image does.",
        passed=mse < mean_mse,
        figures={"mse_per_pixel": _figure(mse), "mean_image_mse_per_pixel": mean_mse},
    )


def _reload_rule(measured: float, reloaded: Measured, tolerance: float) -> RuleResult:
    problem = f" {reloaded.problem}" if reloaded.problem else ""
    return RuleResult(
        rule=f"The published bytes load and come to the same error within {tolerance:g} of it.{problem}",
        passed=abs(reloaded.error - measured) <= tolerance * measured,
        figures={"measured": measured, "reloaded": _figure(reloaded.error)},
    )


def _baseline_rules(facts: EvaluationFacts, demanded: bool) -> Iterator[RuleResult]:
    error, metric = judged_error(facts), judged_metric(facts)
    interval = facts.intervals.get(metric.name)
    own = {"error": error, **({} if interval is None else interval.model_dump())}
    if metric.name != MSE:
        for opponent in baselines_of(metric.name):
            found = facts.metrics.get(opponent.name)
            yield RuleResult(
                rule=f"The model beats {opponent.label}.",
                passed=found is not None and metric.beats(error, found),
                demanded=demanded,
                figures={**own, opponent.name: found},
            )
        return
    baselines, strongest = find_baselines(facts.metrics), find_strongest(facts.metrics)
    which = f", the strongest of {len(baselines)} baselines" if len(baselines) > 1 else ""
    yield RuleResult(
        rule=f"The model beats {strongest.label if strongest else 'a baseline'} at the same code size{which}.",
        passed=strongest is not None and metric.beats(error, strongest.mse_per_pixel),
        demanded=demanded,
        figures={**own, **{baseline.name: baseline.mse_per_pixel for baseline in baselines}},
    )


def _detection_rule(metrics: Metrics, least: float) -> RuleResult:
    found = metrics.get(AUROC)
    why = "" if found is not None else " It was not measured: no held-out image is anomalous."
    return RuleResult(
        rule=f"Anomalous images are told from normal ones with an AUROC of at least {least:g}.{why}",
        passed=found is not None and found >= least,
        figures={AUROC: found, PCA_AUROC: metrics.get(PCA_AUROC)},
    )


def _reason(rules: list[RuleResult], broken: list[RuleResult], incumbent: Measured | None) -> str:
    if broken:
        return f"Broken {'rule' if len(broken) == 1 else 'rules'}: {' '.join(_with_figures(rule) for rule in broken)}"
    waived = [rule for rule in rules if not rule.passed]
    said = "Every rule that is demanded holds." if waived else "Every rule holds."
    compared = " The channel has no model of it to compare with."
    if incumbent is not None:
        compared = "" if incumbent.problem else f" {incumbent.compared}".rstrip()
    return f"{said}{compared}" + (
        f" Not demanded, and broken: {' '.join(_with_figures(rule) for rule in waived)}" if waived else ""
    )


def _with_figures(rule: RuleResult) -> str:
    figures = ", ".join(
        f"{words(name)} {decimals(value, 0) if name in COUNTS else significant(value)}"
        for name, value in rule.figures.items()
    )
    return f"{rule.rule} ({figures})"


def _figure(value: float) -> float | None:
    return value if math.isfinite(value) else None
