"""What a run shows in the Prefect UI. Best effort: a run never fails because its artifact could not be written."""

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.exceptions import PrefectException

from aepipe.publishing.release import Published
from aepipe.stages.outcome import Outcome


def show_release(published: Published, outcomes: list[Outcome]) -> None:
    """Write the run's verdicts and held-out errors as one markdown artifact."""
    rows = [
        "| recipe | setting | data | code | MSE per pixel | PCA, same code | verdict |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for outcome, verdict in zip(outcomes, published.verdicts, strict=True):
        rows.append(_row(outcome, verdict.verdict))
    reasons = [f"- **{v.recipe}** {v.verdict}: {v.reason}" for v in published.verdicts if not v.passes]
    lines = [f"# Release {published.release}", f"Report: {published.report_uri}", "\n".join(rows), "\n".join(reasons)]
    try:
        create_markdown_artifact("\n\n".join(lines), key="release", description="What the run published")
    except PrefectException as error:
        get_run_logger().warning("The artifact could not be written: %s", error)


def _row(outcome: Outcome, verdict: str) -> str:
    if outcome.evaluated is None:
        return f"| {outcome.recipe} | {outcome.setting} | | | | | {verdict} |"
    facts = outcome.evaluated.facts
    return (
        f"| {outcome.recipe} | {outcome.setting} | {outcome.split.facts['name']} | {facts['code_size']} "
        f"| {facts['mse_per_pixel']:.5f} | {facts['pca_mse_per_pixel']:.5f} | {verdict} |"
    )
