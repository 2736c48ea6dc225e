import io
import re

import numpy as np
import pytest
from pages import HOSTILE, OLD, Page, outcome, report_of
from PIL import Image
from results import result

from aepipe.datasets.account import Account, Losses
from aepipe.datasets.tally import LeftOut
from aepipe.evaluation.catalogue import BY_NAME
from aepipe.notation import ABSENT
from aepipe.pages.before import Before
from aepipe.pages.report import Figure, NoisySet, RecipeEntry, render_report
from aepipe.recipes import RECIPES
from aepipe.stages.outcome import Done, Failed
from aepipe.stages.results import DataResult


def with_account(one: Done, **changes) -> Done:
    """An outcome on a user's own images."""
    account = {"num_files": 9, "num_taken": 7, "num_images": 7, "image_shape": (28, 28, 1), **changes}
    return one.model_copy(update={"data": result(DataResult, account=Account(**account))})


def png(height: int = 40, width: int = 60, seed: int | None = None) -> bytes:
    pixels = np.full((height, width), 255, np.uint8)
    if seed is not None:
        pixels = np.random.default_rng(seed).integers(0, 256, pixels.shape, dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def test_the_first_lines_say_what_ran_when_and_how_it_went():
    outcomes = [outcome("mnist-dense"), outcome("mnist-subclassed", mse=0.0121), outcome("mnist-variational")]
    page = Page(render_report(report_of(*outcomes)))
    head = page.text[:500]
    assert "Autoencoder release 20250301T060000Z-abcdef" in head
    assert "3 recipes, tuned setting, full preset. Started 2025-03-01 06:00 UTC, took 1 h 2 min on a fine GPU." in head
    assert "3 promoted" in head
    assert "0 held" in head
    assert "0 failed" in head
    assert "2 of 3 recipes beat the strongest baseline with the same code size" in page.text


def test_the_table_has_every_figure_in_one_notation():
    page = Page(render_report(report_of(outcome("mnist-dense"), outcome("mnist-subclassed", mse=0.0121))))
    assert page.column("MSE perpixel") == ["0.00285", "0.0121"]
    assert page.column("MSE of PCA,same code size") == ["0.00575", "0.00575"]
    assert page.column("MSE in thesource's unit") == ["185white = 255", "787white = 255"]
    assert page.column("Ratioto it") == ["0.496", "2.10"]
    assert page.column("PSNR(dB)") == ["25.4", "25.4"]
    assert page.column("SSIM") == ["0.931", "0.931"]
    assert page.column("Codesize") == ["98", "64"]
    assert page.column("Trainingtime") == ["1 min 12 s", "1 min 12 s"]


def test_recipes_are_grouped_by_the_data_and_split_that_they_share():
    outcomes = [outcome("mnist-dense"), outcome("faces-conv", data="olivetti"), outcome("mnist-subclassed")]
    rows = [row[0] for row in Page(render_report(report_of(*outcomes))).tables[0][1:]]
    assert [row.partition(",")[0] for row in rows] == [
        "mnist",
        "mnist-densetuned",
        "mnist-subclassedtuned",
        "olivetti",
        "faces-convtuned",
    ]


def test_failed_recipes_come_first_with_their_reason():
    failed = Failed(recipe="horses-stacked", setting="tuned", error="A loss must stay finite. Received: epoch=3.")
    page = Page(render_report(report_of(outcome("mnist-dense"), failed)))
    articles = [attributes["id"] for tag, attributes in page.elements if tag == "article"]
    assert articles == ["horses-stacked", "mnist-dense", "lineage"]
    assert "horses-stacked failed. A loss must stay finite. Received: epoch=3." in page.text[:600]
    assert page.tables[0][2] == ["horses-stackedtuned", "not evaluated", "\N{BALLOT X} failed"]


def test_a_run_in_which_all_failed_still_has_a_report():
    failed = Failed(recipe="mnist-dense", setting="tuned", error="No mirror answers.")
    page = Page(render_report(report_of(failed, git_commit=None, hardware="")))
    assert "took 1 h 2 min. 0 promoted" in page.text
    assert "1 failed" in page.text
    assert "beat the strongest" not in page.text
    assert "Git commit: not known" in page.text


def test_a_held_recipe_shows_the_rule_that_does_not_hold():
    page = Page(render_report(report_of(outcome("faces-sparse", collapsed=True, code_standard_deviation=3.1e-7))))
    assert "faces-sparse is held back: no channel gets it. Broken rule: The code varies" in page.text
    rules = {row[0]: row[1:] for row in page.tables[1]}
    assert rules["The code varies between images: it has not collapsed."] == [
        "\N{BALLOT X} no",
        "code standard deviation 3.10e-07",
    ]
    assert rules["The error on held-out data is finite."][0] == "\N{CHECK MARK} yes"


def test_a_denoiser_is_compared_with_the_linear_one():
    facts = {"noisy_mse_per_pixel": 0.0371, "denoised_mse_per_pixel": 0.00491, "linear_mse_per_pixel": 0.00772}
    text = Page(render_report(report_of(outcome("mnist-denoising", **facts)))).text
    assert re.search(r"Noisy input ?0.0371 .*denoised ?0.00491 Denoised by the best linear map ?0.00772", text)
    assert "Noisy input" not in Page(render_report(report_of(outcome("mnist-dense")))).text
    assert RecipeEntry(outcome("mnist-denoising", **facts), None, ()).ratio_to_baseline == 0.00491 / 0.00772
    missing = outcome("mnist-dense", denoised_mse_per_pixel=None, noisy_mse_per_pixel=None, linear_mse_per_pixel=None)
    assert "Noisy input" not in Page(render_report(report_of(missing))).text


def test_figures_and_noisy_test_sets_are_inside_the_page_with_their_captions():
    report = report_of(
        outcome("mnist-dense"),
        figures={"mnist-dense": [Figure("Loss by epoch", png()), Figure("A strip", png(20, 60))]},
        noisy_sets=[NoisySet("mnist-official", "Ten images", png(), 10000, "gaussian 0.2")],
    )
    page = Page(render_report(report))
    images = [attributes for tag, attributes in page.elements if tag == "img"]
    assert [image["alt"] for image in images] == ["Loss by epoch", "A strip", "Ten images"]
    assert [attributes.get("class") for tag, attributes in page.elements if tag == "figure"] == [None, "wide", None]
    assert "mnist-official 10,000 images. gaussian 0.2" in page.text


def test_a_figure_and_that_of_production_stand_side_by_side():
    compared = Figure("Denoised", png(), Figure("In production: denoised", png()))
    report = report_of(outcome("mnist-dense"), figures={"mnist-dense": [Figure("Loss", png()), compared]})
    html = render_report(report)
    pair = html[html.index('<div class="pair">') :]
    assert re.findall("<figcaption>(.*)</figcaption>", html) == ["Loss", "Denoised", "In production: denoised"]
    assert re.findall("<figcaption>(.*)</figcaption>", pair) == ["Denoised", "In production: denoised"]


def test_lineage_names_parameters_packages_and_every_stage():
    one = outcome("mnist-dense")
    page = Page(render_report(report_of(one)))
    assert page.tables[-1][1] == [
        "mnist-dense",
        *(result.fingerprint[:12] for result in (one.data, one.split, one.noisy, one.trained, one.evaluated)),
        # It was neither calibrated nor exported, and makes no images.
        *[ABSENT] * 3,
    ]
    assert re.search(r"keras ?3.15.0", page.text)
    assert re.search(r"overrides ?epochs none", page.text)
    assert "164e25a9c2d4" in page.text


@pytest.mark.parametrize("where", ["data", "error", "parameter", "caption", "hardware", "noisy"])
def test_nothing_from_outside_becomes_markup(where):
    one = outcome("mnist-dense", data=HOSTILE if where == "data" else "mnist")
    two = Failed(recipe="horses-stacked", setting="tuned", error=HOSTILE if where == "error" else "no")
    report = report_of(
        one,
        two,
        figures={"mnist-dense": [Figure(HOSTILE if where == "caption" else "Loss", png())]},
        noisy_sets=[NoisySet(HOSTILE, "Ten", png(), 1, HOSTILE)] if where == "noisy" else [],
        hardware=HOSTILE if where == "hardware" else "a fine GPU",
        parameters={HOSTILE: [HOSTILE]} if where == "parameter" else {},
    )
    page = Page(render_report(report))
    assert HOSTILE in page.text
    assert not {"script", "iframe", "object", "link"} & {tag for tag, _ in page.elements}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_the_page_needs_nothing_from_outside():
    html = render_report(report_of(outcome("mnist-dense"), figures={"mnist-dense": [Figure("Loss", png())]}))
    for _, attributes in Page(html).elements:
        assert attributes.get("src", "data:").startswith("data:image/webp;base64,") or "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_eight_recipes_with_heavy_figures_stay_under_five_megabytes():
    figures = [Figure("Loss", png(600, 1000)), Figure("Samples", png(360, 500, seed=0))]
    outcomes = [outcome(name) for name in RECIPES]
    report = report_of(*outcomes, figures={one.recipe: figures for one in outcomes})
    in_png = sum(len(figure.png_bytes) for figure in figures) * len(outcomes)
    assert len(render_report(report)) < min(5_000_000, in_png * 4 / 3)


def test_every_outcome_needs_its_verdict():
    with pytest.raises(ValueError, match="shorter"):
        render_report(report_of(outcome("mnist-dense"), verdicts=()))


def test_the_input_says_sizes_modes_and_what_was_cut_or_left_out():
    losses = Losses(num_cropped=3, share_cropped=0.25, num_reduced=7)
    left_out = (LeftOut(reason="broken", count=2, names=("a.jpg", "b.jpg")),)
    given = {"sizes": {"90x120": 5, "64x64": 2}, "modes": {"RGB": 7}, "losses": losses, "left_out": left_out}
    page = render_report(report_of(with_account(outcome("mnist-dense", data="images-pets"), **given)))
    for line in (
        "<dt>Sizes of the files</dt><dd>90x120 5, 64x64 2</dd>",
        "<dt>Modes</dt><dd>RGB 7</dd>",
        "<dt>Cropped</dt><dd>3 images, 25% of their area on average</dd>",
        "<dt>Resized</dt><dd>7 reduced, 0 enlarged</dd>",
        "<dt>Left out</dt><dd>2 left out, broken: a.jpg; b.jpg</dd>",
    ):
        assert line in page


def test_an_error_in_a_unit_is_shown_where_there_is_a_unit():
    page = Page(render_report(report_of(outcome("mnist-dense", source_unit=1.0))))
    assert "source's unit" not in page.text


def test_a_variational_models_training_error_is_said_to_be_of_drawn_codes():
    page = render_report(report_of(outcome("mnist-dense"), outcome("mnist-variational")))
    assert page.count(", of drawn codes") == 1


def test_a_model_stands_beside_that_of_the_channel():
    mse = BY_NAME["mse_per_pixel"]
    before = [Before("mnist-dense", OLD.release, mse, 0.003, 0.00285, True)]
    before.append(Before("other", OLD.release, mse, 0.003, 0.00285, False))
    page = Page(render_report(report_of(outcome("mnist-dense"), before=before)))
    table = next(table for table in page.tables if "Then" in table[0])
    assert table[1:] == [
        ["mnist-dense", "MSE per pixel", "0.00300", "0.00285", "-5.0%"],
        ["other", "MSE per pixel", "0.00300", "0.00285", f"{ABSENT}other held-out images"],
    ]


def test_what_was_taken_of_a_users_own_images_is_said_once():
    notes = ("the user's own parts are kept: <b>test</b>, train",)
    both = [with_account(outcome(name, data="images-pets"), notes=notes) for name in ("mnist-dense", "faces-conv")]
    page = render_report(report_of(*both, outcome("mnist-variational")))
    assert page.count("<dt>Files</dt>") == 1
    assert "<dt>Files</dt><dd>7 of 9 files</dd>" in page
    assert "&lt;b&gt;test" in page
