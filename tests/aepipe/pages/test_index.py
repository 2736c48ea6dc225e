"""The page over all releases: what is comparable is one line, channels are named, and every change rewrites it."""

import re

from command_line import releases_app as app
from releases import describe, put_release
from typer.testing import CliRunner

from aepipe.evaluation.intervals import Interval
from aepipe.pages.index import MAX_SERIES, render_index, series_of, write_index
from aepipe.releases.channels import point_channel
from aepipe.releases.manifest import manifest_sha256
from aepipe.store import open_store

OLD, NEW = "20260101T020000Z-aaaaaa", "20260102T020000Z-bbbbbb"
FACTS = {
    "verdict": "promoted",
    "setting": "tuned",
    "data": "digits-fraction",
    "code_size": 8,
    "mse_per_pixel": 0.004,
    "pca_mse_per_pixel": 0.008,
}


def release(name=NEW, recipe="mnist-dense", created="2026-01-02T02:00:00+00:00", **facts):
    """Return the manifest of a release with one recipe."""
    return describe(name, {}, recipes={recipe: {"origin": name, **FACTS, **facts}}, lineage={}, created=created)


def test_a_recipes_errors_over_time_start_with_the_oldest():
    old = release(OLD, created="2026-01-01T02:00:00+00:00", mse_per_pixel=0.005)
    (series,) = series_of("mnist-dense@digits", [release(), old])
    assert series.mse == (0.005, 0.004)
    assert series.reference == (0.008, 0.008)
    assert series.label == "tuned, full, digits-fraction, code 8"


def test_what_is_not_comparable_is_another_line():
    releases = [release(), release(OLD, code_size=16), release(OLD, setting="published")]
    assert len(series_of("mnist-dense@digits", releases)) == 3


def test_a_denoiser_is_judged_on_noisy_input():
    (series,) = series_of("mnist-dense@digits", [release(denoised_mse_per_pixel=0.01, linear_mse_per_pixel=0.02)])
    assert (series.mse, series.reference, series.intervals) == ((0.01,), (0.02,), (None,))


def test_an_error_has_the_interval_that_its_release_says():
    said = {"mse_per_pixel": {"low": 0.003, "high": 0.005}, "pca_mse_per_pixel": {"low": 0.007, "high": 0.009}}
    (series,) = series_of("mnist-dense@digits", [release(intervals=said)])
    assert series.intervals == (Interval(low=0.003, high=0.005),)


def test_models_taken_over_and_failed_recipes_have_no_point():
    assert series_of("mnist-dense@digits", [release(origin=OLD), release(origin=None, mse_per_pixel=None)]) == []


def test_the_page_links_each_report_and_names_channels():
    failed = release(OLD, "faces-conv", verdict="failed", origin=None, mse_per_pixel=None, pca_mse_per_pixel=None)
    page = render_index([release(), failed], {NEW: ["candidate", "production"]}, "s3://models/<aepipe>")
    assert re.findall(r'href="(releases/[^"]+)"', page) == [f"releases/{name}/report.html" for name in (NEW, OLD)]
    assert "s3://models/&lt;aepipe&gt;" in page
    assert page.count('<span class="badge promoted">') == 2
    assert "0.00400" in page


def test_a_model_with_two_points_has_a_chart():
    failed = release(OLD, "faces-conv", verdict="failed", origin=None, mse_per_pixel=None, pca_mse_per_pixel=None)
    other = release(OLD, setting="published")
    alone, beside_another = (render_index([release(), one], {}, "s3://models") for one in (failed, other))
    assert [page.count("data:image/webp") for page in (alone, beside_another)] == [0, 1]
    links = [re.findall(r'href="#([^"]+)"', page) for page in (alone, beside_another)]
    assert links == [[], ["mnist-dense@digits"]], "a link that leads nowhere"


def test_a_store_without_releases_has_a_page():
    assert "0 releases" in render_index([], {}, "file:///srv/store")


def test_commands_that_move_a_channel_rewrite_the_page(tmp_path):
    store = open_store(str(tmp_path))
    for name in (OLD, NEW):
        manifest = put_release(store, name, {"mnist-dense": b"model"})
        point_channel(store, "production", name, manifest_sha256(manifest), action="promoted", why="better")
    page = write_index(store)
    assert page == f"{store.url}/index.html"
    before = store.get("index.html").decode()
    rollback = CliRunner().invoke(app, ["rollback", "--why", "blurred", "--store", str(tmp_path)])
    assert rollback.exit_code == 0, rollback.output
    after = store.get("index.html").decode()
    rows = [page.split(f">{OLD}</a>")[1].split("</tr>")[0] for page in (before, after)]
    assert ["production" in row for row in rows] == [False, True]


def test_data_sets_of_one_name_are_two_lines():
    series = series_of("mnist-dense@digits", [release(images_sha256="b" * 64), release(OLD, images_sha256="a" * 64)])
    assert [line.label for line in series] == [
        "tuned, full, digits-fraction (images aaaaaa), code 8",
        "tuned, full, digits-fraction (images bbbbbb), code 8",
    ]


def test_of_many_lines_the_latest_are_drawn():
    nights = [release(f"202601{day:02}T020000Z-aaaaaa", images_sha256=f"{day:064}") for day in range(20, 0, -1)]
    drawn = series_of("mnist-dense@digits", nights)
    assert len(drawn) == MAX_SERIES == 10
