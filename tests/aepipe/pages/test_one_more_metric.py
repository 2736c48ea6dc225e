"""A new metric is one entry of the catalogue: everything shows it, and what an older release lacks is a dash."""

import pytest
from command_line import app
from releases import describe, put_release
from results import done, result
from typer.testing import CliRunner

from aepipe.evaluation import catalogue
from aepipe.evaluation.catalogue import Metric
from aepipe.gate.rules import Demands, judge
from aepipe.gate.settings import PublishSettings
from aepipe.notation import ABSENT
from aepipe.pages.card import render_card
from aepipe.pages.index import render_index
from aepipe.pages.report import Report, render_report
from aepipe.pages.table import as_markdown, result_lines
from aepipe.publishing.contents import summarise
from aepipe.recipes import RECIPES
from aepipe.releases.diff import compare
from aepipe.releases.facts import RecipeSummary
from aepipe.stages.outcome import Failed
from aepipe.stages.results import EvaluationResult
from aepipe.store import open_store
from aepipe.tasks.artifacts import _metric_rows

PLACES = ("report", "details", "card", "index", "artifact", "sweep", "show", "manifest", "table")
NEW = Metric(
    "mae_per_pixel", "MAE per pixel", {**dict.fromkeys(PLACES), "hub": "mae"}, scale="per pixel", better="lower"
)
RELEASE = "20260101T020000Z-aaaaaa"
SAID = {
    **{"verdict": "first", "origin": RELEASE, "setting": "tuned", "data": "digits-fraction", "seed": 0},
    **{"code_size": 8, "mse_per_pixel": 0.004, "pca_mse_per_pixel": 0.008},
}


@pytest.fixture(autouse=True)
def one_more(monkeypatch):
    """Put it behind the first."""
    first, *others = catalogue.METRICS
    monkeypatch.setattr(catalogue, "METRICS", (first, NEW, *others))
    monkeypatch.setitem(catalogue.BY_NAME, NEW.name, NEW)


def measured(recipe="mnist-dense"):
    return done(recipe, evaluated=result(EvaluationResult, recipe, mae_per_pixel=0.0432))


def release(**summaries):
    return describe(RELEASE, {}, recipes={name.replace("_", "-"): {**SAID, **more} for name, more in summaries.items()})


def test_the_table_has_a_column_of_it():
    text = as_markdown(result_lines([release(mnist_dense={"mae_per_pixel": 0.0432}, faces_conv={})]))
    heading, _, known, unknown = (row.split(" | ") for row in text.splitlines())
    at = heading.index("MAE per pixel")
    assert (known[at], unknown[at]) == ("0.04320", ABSENT)


def test_the_report_has_a_column_and_a_line_of_it():
    outcomes = [measured(), done("faces-conv"), Failed(recipe="faces-sparse", setting="tuned", error="No mirror.")]
    verdicts = [judge(one, None, None, Demands(False, True), PublishSettings()) for one in outcomes]
    given = {"created": "2026-01-01T02:00:00+00:00", "setting": "tuned", "preset": "full", "parameters": {}}
    given |= {"git_commit": None, "packages": {}, "hardware": "", "seconds": 1, "figures": {}, "noisy_sets": []}
    html = render_report(Report(release_id=RELEASE, store_url="s", outcomes=outcomes, verdicts=verdicts, **given))
    assert '<th class="number">MAE per<br>pixel</th>' in html
    assert [f'colspan="{columns}"' in html for columns in (10, 11, 12, 13)] == [False, True, False, True]
    assert (html.count(">0.0432</td>"), html.count("<dt>MAE per pixel</dt><dd>0.0432</dd>")) == (1, 1)


def test_the_card_has_a_row_of_it_and_its_header_an_entry():
    card = render_card(RECIPES["mnist-dense"], measured(), RELEASE)
    assert "\n| MAE per pixel | 0.0432 | | |\n" in card
    assert "- type: mae\n      name: MAE per pixel\n      value: 0.0432" in card


def test_the_page_over_all_releases_names_it():
    page = render_index([release(mnist_dense={"mae_per_pixel": 0.0432}, faces_conv={})], {}, "file:///srv/store")
    assert "<small>MAE per pixel 0.0432</small>" in page
    assert f"<small>MAE per pixel {ABSENT}</small>" in page


def test_the_artifact_of_a_training_has_a_row_of_it():
    rows = list(_metric_rows({"mse_per_pixel": 0.01, "mae_per_pixel": 0.0432, "ssim": None}))
    assert rows == [("held-out MSE per pixel", "0.01000"), ("MAE per pixel", "0.04320")]


def test_a_manifest_has_it_and_releases_are_compared_by_it(tmp_path):
    outcome = measured()
    verdict = judge(outcome, None, None, Demands(False, True), PublishSettings())
    assert summarise(RELEASE, outcome, verdict).metrics["mae_per_pixel"] == 0.0432
    with pytest.raises(ValueError, match="an error is not negative: mae_per_pixel"):
        RecipeSummary.model_validate({**SAID, "mae_per_pixel": -1})
    (row,) = compare(release(mnist_dense={}), release(mnist_dense={"mae_per_pixel": 0.0432}))
    assert (row.name, row.before, row.after) == ("recipes.mnist-dense.mae_per_pixel", "-", 0.0432)


def test_a_release_is_shown_with_it(tmp_path):
    put_release(open_store(str(tmp_path)), RELEASE, recipes={"mnist-dense": {**SAID, "mae_per_pixel": 0.0432}})
    shown = CliRunner().invoke(app, ["releases", "show", RELEASE, "--store", str(tmp_path)], env={"COLUMNS": "160"})
    assert "MAE per pixel" in shown.output
    assert "0.04320" in shown.output
