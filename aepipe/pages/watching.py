"""Page of a model in use: its scoring runs over time, with alarms, scores, drift and the releases that were used."""

from collections.abc import Sequence

import numpy as np

from aepipe.checks.watched import TOPICS, WatchedRun, write_chance, write_share
from aepipe.io.temporary import temporary_folder
from aepipe.pages.inline_images import InlineImage, inline_image
from aepipe.pages.rendering import html_environment

# A year of nights, or two weeks of hours; older ones stay in the store.
MAX_RUNS = 366
NOT_TOLD = (float("nan"),) * 3


def render_watching(model: str, runs: Sequence[WatchedRun], store_url: str) -> str:
    """Return the page as HTML.

    Args:
        model: The model's name.
        runs: Its scoring runs, the latest first; at least one, and of many the latest.
        store_url: Where they lie.
    """
    template = html_environment().get_template("watching.html.j2")
    return template.render(
        model=model,
        runs=runs,
        store_url=store_url,
        is_cut=len(runs) >= MAX_RUNS,
        chart=_chart(model, runs),
        write_chance=write_chance,
        write_share=write_share,
    )


def _chart(model: str, runs: Sequence[WatchedRun]) -> InlineImage:
    # Here, because Matplotlib takes a second.
    from aepipe.evaluation.figures import RunsOverTime, runs_over_time

    oldest_first = runs[::-1]
    spreads = [run.watched.spreads.get(run.score) for run in oldest_first]
    columns = RunsOverTime(
        started=[run.started for run in oldest_first],
        releases=[run.release for run in oldest_first],
        alarm_shares=np.array([run.watched.alarm_share for run in oldest_first]),
        rates=np.array([run.watched.rate for run in oldest_first]),
        scores=np.array([NOT_TOLD if spread is None else spread.new for spread in spreads]),
        reference_scores=np.array([NOT_TOLD if spread is None else spread.reference for spread in spreads]),
        p_values=np.array([run.watched.smallest_p_value for run in oldest_first], float),
        limits=np.array([run.watched.false_alarms for run in oldest_first]),
        is_over=np.array([[run.watched.is_over(topic) is True for topic in TOPICS] for run in oldest_first]),
    )
    with temporary_folder("watching") as folder:
        runs_over_time(columns, folder / "chart.png", f"{model} in use")
        return inline_image((folder / "chart.png").read_bytes())
