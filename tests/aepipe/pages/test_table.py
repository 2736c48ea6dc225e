"""The table of results: one line a recipe and setting, mean and spread over seeds, never mixed across commits."""

import json

import pytest
from command_line import app
from releases import describe, put_release
from typer.testing import CliRunner

from aepipe.pages.table import as_markdown, result_lines
from aepipe.store import open_store

FACTS = {
    "verdict": "first",
    "setting": "tuned",
    "data": "digits-fraction",
    "code_size": 8,
    "compression_ratio": 8.0,
    "mse_per_pixel": 0.004,
    "psnr_db": 24.0,
    "ssim": 0.9,
    "pca_mse_per_pixel": 0.008,
    "training_seconds": 75.0,
    "denoised_mse_per_pixel": None,
}


def manifest(name="20260101T020000Z-aaaaaa", recipes=None, seed=0, overrides=None, commit="c" * 40, **facts):
    """Return a release's manifest with these recipes, each with the same facts."""
    rows = {recipe: {**FACTS, "origin": name, "seed": seed, **facts} for recipe in recipes or ["mnist-dense"]}
    parameters = {"preset": "full", "overrides": overrides or {}}
    return describe(name, {}, recipes=rows, lineage={}, git_commit=commit, parameters=parameters)


def test_seeds_make_one_line_with_mean_and_spread():
    runs = [manifest(seed=seed, mse_per_pixel=mse) for seed, mse in ((0, 0.004), (1, 0.005), (2, 0.006))]
    (line,) = result_lines(runs)
    assert line.seeds == (0, 1, 2)
    assert line.mean["mse_per_pixel"] == pytest.approx(0.005)
    assert line.spread["mse_per_pixel"] == pytest.approx(0.001)
    row = as_markdown([line]).splitlines()[2]
    assert "| 0.00500 ± 0.00100 |" in row
    assert "| 0.00800 | 0.00800 PCA | 0.62 |" in row
    assert row.endswith("| 3 | 1 min 15 s | CPU | cccccccccccc |")


def test_a_small_spread_is_not_printed_as_none():
    (line,) = result_lines([manifest(seed=0, mse_per_pixel=0.000431), manifest(seed=1, mse_per_pixel=0.000433)])
    assert "| 0.000432 ± 0.000001 |" in as_markdown([line])


def test_the_same_seed_again_counts_once():
    (line,) = result_lines([manifest(mse_per_pixel=0.004), manifest(mse_per_pixel=0.009)])
    assert line.seeds == (0,)
    assert line.mean["mse_per_pixel"] == 0.004
    assert "±" not in as_markdown([line])


def test_what_another_commit_trained_is_not_mixed_in():
    (line,) = result_lines([manifest(seed=0, commit="new"), manifest(seed=1, commit="old")])
    assert (line.commit, line.seeds) == ("new", (0,))


def test_what_a_run_changed_is_another_line_and_said():
    changes = {"epochs": 2, "seed": 1, "code_size": None, "model": {"hidden_widths": [9, 5], "beta": None}}
    lines = result_lines([manifest(), manifest(seed=1, overrides=changes)])
    assert [line.setting for line in lines] == ["tuned", "tuned, epochs 2, model.hidden_widths 9-5"]


def test_lines_are_in_the_order_of_the_recipes_not_of_their_errors():
    lines = result_lines(
        [manifest(recipes=["faces-conv"], mse_per_pixel=0.001), manifest(recipes=["mnist-dense"], mse_per_pixel=0.1)]
    )
    assert [line.recipe for line in lines] == ["mnist-dense", "faces-conv"]


def test_a_model_of_another_release_and_a_failed_recipe_are_left_out():
    kept = manifest(origin="20250101T020000Z-bbbbbb")
    failed = manifest(origin=None, mse_per_pixel=None)
    promoted = describe(
        "20260102T020000Z-cccccc", {}, recipes=kept.recipes, lineage={}, candidate="20260101T020000Z-aaaaaa"
    )
    assert result_lines([kept, failed, promoted]) == []


def test_denoisers_stand_beside_the_best_linear_map():
    figures = {"denoised_mse_per_pixel": 0.01, "linear_mse_per_pixel": 0.02, "noisy_mse_per_pixel": 0.08}
    text = as_markdown(result_lines([manifest(), manifest(recipes=["mnist-denoising"], **figures)]))
    assert "| mnist-denoising | tuned | digits-fraction | 0.01000 | 0.02000 | 0.50 | 0.08000 | 1 |" in text
    assert text.count("mnist-dense ") == 1


def test_the_command_reads_the_stores_releases(tmp_path):
    run = manifest()
    put_release(open_store(str(tmp_path)), run.release, recipes=run.recipes, lineage={})
    command = CliRunner().invoke(app, ["table", "--store", str(tmp_path)])
    assert command.stdout.splitlines()[2].startswith("| mnist-dense | tuned | digits-fraction | 8 | 8.0 | 0.00400 |")
    listed = json.loads(CliRunner().invoke(app, ["table", "--store", str(tmp_path), "--json"]).stdout)
    assert [line["recipe"] for line in listed] == ["mnist-dense"]


def test_data_sets_of_one_name_are_told_apart():
    shoes = manifest(seed=0, mse_per_pixel=0.001, images_sha256="a" * 64, test_rows_sha256="c" * 64)
    xrays = manifest(seed=1, mse_per_pixel=0.1, images_sha256="b" * 64, test_rows_sha256="c" * 64)
    lines = result_lines([xrays, shoes])
    assert [(line.data, line.mean["mse_per_pixel"], line.seeds) for line in lines] == [
        ("digits-fraction (images aaaaaa)", 0.001, (0,)),
        ("digits-fraction (images bbbbbb)", 0.1, (1,)),
    ]


def test_other_held_out_rows_of_the_same_images_are_another_line():
    runs = [manifest(seed=0, images_sha256="a" * 64, test_rows_sha256=rows * 64) for rows in "de"]
    assert [line.data for line in result_lines(runs)] == [f"digits-fraction (held out {rows * 6})" for rows in "de"]


def test_what_an_old_release_does_not_say_is_a_dash():
    said = {name: FACTS[name] for name in ("verdict", "setting", "data", "code_size", "mse_per_pixel")}
    name = "20260101T020000Z-aaaaaa"
    old = describe(name, {}, recipes={"mnist-dense": {**said, "origin": name, "seed": 0}}, lineage={})
    row = as_markdown(result_lines([old])).splitlines()[2]
    dash = "\N{EN DASH}"
    assert row.startswith(
        f"| mnist-dense | tuned | digits-fraction | 8 | {dash} | 0.00400 | {dash} | {dash} | {dash} |"
    )


def test_the_strongest_baseline_is_named():
    row = as_markdown(result_lines([manifest(dct_mse_per_pixel=0.005, patch_pca_mse_per_pixel=0.006)])).splitlines()[2]
    assert "| 0.00800 | 0.00500 DCT low-pass | 0.80 |" in row
