"""The gate: which recipes of a run may be published, decided by rules, always with a reason."""

import math

from aepipe.publishing.outcome import Outcome, RuleResult, Verdict


def judge(outcome: Outcome) -> Verdict:
    """Return the decision about one recipe, with every rule that was applied."""
    if outcome.error is not None:
        return Verdict(recipe=outcome.recipe, verdict="failed", reason=outcome.error)
    facts = outcome.evaluated.facts
    mse, mean_mse = facts["mse_per_pixel"], facts["mean_image_mse_per_pixel"]
    rules = (
        RuleResult(
            rule="The error on held-out data is finite.", passed=math.isfinite(mse), figures={"mse_per_pixel": mse}
        ),
        RuleResult(
            rule="The code varies between images: it has not collapsed.",
            passed=not facts["collapsed"],
            figures={"code_standard_deviation": facts["code_standard_deviation"]},
        ),
        RuleResult(
            rule="The model tells more about an image than the mean image does.",
            passed=mse < mean_mse,
            figures={"mse_per_pixel": mse, "mean_image_mse_per_pixel": mean_mse},
        ),
    )
    broken = [rule.rule for rule in rules if not rule.passed]
    return Verdict(
        recipe=outcome.recipe,
        verdict="held" if broken else "promoted",
        rules=rules,
        reason=f"Not true: {' '.join(broken)}" if broken else "Every rule holds.",
    )
