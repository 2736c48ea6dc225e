import ast
import importlib.util
import re

import pytest
import yaml
from markdown_it import MarkdownIt
from results import done, result

from aepipe.datasets.account import Account
from aepipe.pages.card import render_card
from aepipe.pages.markdown import escape_markdown
from aepipe.recipes import RECIPES
from aepipe.recipes.plan import QUICK_STEPS, Overrides, plan_training
from aepipe.stages.outcome import Done
from aepipe.stages.results import DataResult, EvaluationResult, ExportResult, SplitResult, TrainedResult

HOSTILE = "a|b <script>alert(1)</script> [x](http://example.org) `c` *d* __e__\n\n# f \\| &lt;"


def outcome(name: str, setting: str = "tuned", preset: str = "full", data: str = "mnist", **changes) -> Done:
    plan = plan_training(name, setting, preset, Overrides(), RECIPES[name].native_shape)
    split = RECIPES[name].variant(setting).split.label
    results = {
        "mse_per_pixel": 0.00285,
        "mse_in_source_unit": 185.3,
        "source_unit": 255.0,
        "psnr_db": 25.43,
        "ssim": 0.9312,
        "pca_mse_per_pixel": 0.00575,
        "mean_image_mse_per_pixel": 0.0672,
        "code_size": plan.model.code_size,
        "compression_ratio": 8.0,
        **changes,
    }
    return done(
        name,
        setting,
        plan=plan,
        data=result(DataResult, name=data),
        split=result(SplitResult, name=f"{data}-{split}"),
        evaluated=result(EvaluationResult, **results),
    )


def card_of(name: str, *arguments, **changes) -> str:
    return render_card(RECIPES[name], outcome(name, *arguments, **changes), "20250301T060000Z-abcdef")


def as_html(card: str) -> str:
    return MarkdownIt("commonmark").enable("table").render(card.split("---\n", 2)[2])


def table_rows(card: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", as_html(card), re.DOTALL)
    return [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]


def test_the_header_is_what_model_hubs_read():
    header = yaml.safe_load(card_of("mnist-denoising", denoised_mse_per_pixel=0.0049).split("---\n")[1])
    (entry,) = header.pop("model-index")
    assert header == {
        "library_name": "keras",
        "pipeline_tag": "image-to-image",
        "tags": ["autoencoder", "denoising", "dense", "mnist"],
    }
    assert entry["name"] == "mnist-denoising"
    reconstruction, denoising = entry["results"]
    assert reconstruction["task"] == {"type": "image-to-image", "name": "Reconstruction"}
    assert reconstruction["dataset"] == {"type": "mnist", "name": "mnist-official", "split": "test"}
    assert {metric["type"]: metric["value"] for metric in reconstruction["metrics"]} == {
        "mse": 0.00285,
        "psnr": 25.43,
        "ssim": 0.9312,
    }
    assert [metric["value"] for metric in denoising["metrics"]] == [0.0049]


def test_results_stand_beside_pca_and_the_mean_image():
    rows = table_rows(card_of("mnist-dense"))
    assert ["", "this model", "PCA", "mean image"] in rows
    assert ["MSE per pixel", "0.00285", "0.00575", "0.0672"] in rows
    assert ["MSE, white = 255", "185", "", ""] in rows
    assert ["PSNR (dB)", "25.4", "", ""] in rows
    assert ["Source", "OpenGenus, &quot;Autoencoder using TensorFlow&quot;"] in rows
    assert ["Held out", "10,000 images, never seen while training"] in rows


def test_a_denoiser_has_its_own_table():
    facts = {"noisy_mse_per_pixel": 0.0371, "denoised_mse_per_pixel": 0.00491, "linear_mse_per_pixel": 0.00772}
    rows = table_rows(card_of("mnist-denoising", **facts))
    assert ["as it is", "0.0371"] in rows
    assert ["denoised by the best linear map", "0.00772"] in rows
    assert ["denoised by this model", "0.00491"] in rows
    assert "Noisy input" not in card_of("mnist-dense", denoised_mse_per_pixel=None)


def test_a_recipe_on_other_images_than_its_own_says_so():
    assert "\n# Dense autoencoder on MNIST\n\nModel" in card_of("mnist-dense")
    assert "\n# Dense autoencoder on digits\n\nModel" in card_of("mnist-dense", data="digits")


def test_other_formats_are_listed_with_how_near_they_are():
    found = {"max_abs_difference": 0.0123, "mse_to_keras": 1e-6, "mse_per_pixel": 0.0029}
    half = {"max_abs_difference": 1.2e-6, "max_abs_value": 3.4}
    exported = result(ExportResult, formats={"litert-int8": found}, halves={"encoder.onnx": half})
    card = render_card(
        RECIPES["mnist-dense"],
        outcome("mnist-dense").model_copy(update={"exported": exported}),
        "20250301T060000Z-abcdef",
    )
    assert ["<code>model_int8.tflite</code>", "LiteRT, 8-bit integers inside", "0.0123", "0.00290"] in table_rows(card)
    assert ["<code>encoder.onnx</code>", "ONNX", "1.20e-06", "3.40"] in table_rows(card)
    assert 'InferenceSession("encoder.onnx")' in card
    assert "## Files" not in card_of("mnist-dense")


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("mnist-dense", "Codes of 98 values for images like those of mnist"),
        ("mnist-denoising", "Removing heteroscedastic noise"),
        ("mnist-variational", "Drawing new images"),
    ],
)
def test_it_says_what_a_model_is_for(name, use):
    assert use in card_of(name)
    assert (use in card_of("horses-stacked")) is False


@pytest.mark.parametrize(
    ("name", "arguments", "changes", "limit"),
    [
        ("faces-conv", ("tuned",), {}, "The same persons are in the training and the held-out part"),
        ("mnist-dense", ("tuned",), {"mse_per_pixel": 0.006}, "these reconstruct the images better: PCA."),
        ("faces-denoising", ("tuned",), {}, "trained on gaussian noise of level 0.2"),
        ("mnist-subclassed", ("tuned", "quick"), {}, f"ended after at most {QUICK_STEPS} steps"),
        ("mnist-variational", ("published",), {}, "It is trained as its source does it"),
    ],
)
def test_limits_that_hold_are_said_and_no_others(name, arguments, changes, limit):
    assert limit in card_of(name, *arguments, **changes)
    assert limit not in card_of("mnist-dense")


def test_the_code_to_load_it_names_modules_that_exist():
    card = card_of("faces-conv")
    code = re.search(r"```python\n(.*?)```", card, re.DOTALL).group(1)
    imported = [
        alias.name for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import) for alias in node.names
    ]
    assert imported == ["keras", "aepipe.models.layers", "aepipe.models.subclassed"]
    assert all(importlib.util.find_spec(name) for name in imported)
    assert "float32 of shape (num_images, 32, 32, 1), with pixels in [0, 1]" in card
    assert "the source's 0 becomes 0 and its 255 becomes 1" in card


@pytest.mark.parametrize("field", ["title", "source"])
def test_nothing_from_a_recipe_breaks_out(field):
    recipe = RECIPES["mnist-dense"].model_copy(update={field: HOSTILE})
    card = render_card(recipe, outcome("mnist-dense"), "20250301T060000Z-abcdef")
    check_is_quoted(card)


def test_no_label_breaks_out_of_its_table():
    card = card_of("mnist-dense", data=HOSTILE)
    check_is_quoted(card)
    header = yaml.safe_load(card.split("---\n")[1])
    assert header["tags"][-1] == header["model-index"][0]["results"][0]["dataset"]["type"] == HOSTILE
    shown = "a|b &lt;script&gt;alert(1)&lt;/script&gt; [x](http://example.org) `c` *d* __e__ # f \\| &amp;lt;"
    assert ["Data set", f"{shown}, 70,000 images of 28 x 28 x 1"] in table_rows(card)


def check_is_quoted(card: str) -> None:
    """Hold the card against one without anything hostile: the same elements, and a header that is read."""
    assert re.findall(r"<\w+", as_html(card)) == re.findall(r"<\w+", as_html(card_of("mnist-dense")))
    assert list(yaml.safe_load(card.split("---\n", 2)[1])) == [
        "library_name",
        "pipeline_tag",
        "tags",
        "model-index",
    ]


def test_escaped_text_is_one_line():
    assert escape_markdown("a\n\n|b") == "a \\|b"


def test_what_was_taken_of_a_users_own_images():
    one = outcome("mnist-dense", data="images-pets")
    account = Account(num_files=9, num_taken=7, num_images=7, image_shape=(28, 28, 1), notes=(HOSTILE,))
    card = render_card(
        RECIPES["mnist-dense"], one.model_copy(update={"data": result(DataResult, account=account)}), "r"
    )
    assert "\n- 7 images of 28 x 28, grey, from 7 of 9 files\n" in card
    assert HOSTILE not in card
    assert "What was taken" not in card_of("mnist-dense")


def test_a_training_that_its_target_ended_is_told_from_one_that_went_on():
    plan = plan_training("mnist-dense", "tuned", "full", Overrides(stop_at_mse=0.02), (28, 28, 1))
    ended = {
        by: done("mnist-dense", plan=plan, trained=result(TrainedResult, ended_by=by)) for by in ("target", "limit")
    }
    cards = {by: render_card(RECIPES["mnist-dense"], one, "20250301T060000Z-abcdef") for by, one in ended.items()}
    assert "ended at its target, an MSE of 0.02" in cards["target"]
    assert "its target" not in cards["limit"]
