"""From a recipe and what the user changed to what is trained."""

import math

import pytest
from pydantic import ValidationError

from aepipe.errors import ParameterError
from aepipe.models.options import count_parameters
from aepipe.models.patches import patch_grid
from aepipe.models.scaling import describe_patches
from aepipe.recipes import OWN_RECIPES, RECIPES, RecipeName, get_recipe, recipe_names
from aepipe.recipes.overrides import Overrides, SplitOverrides
from aepipe.recipes.plan import MAX_QUICK_STEPS, QUICK_STEPS, plan_split, plan_training


@pytest.mark.parametrize(
    ("recipe", "chosen", "way_out"),
    [
        ("mnist-variational", {"loss": "huber"}, "Choose one of mean-squared-error, half-sum-of-squares, bern"),
        ("faces-conv", {"loss": "ssim", "corruption": "blind-spot"}, "Choose another loss"),
    ],
)
def test_a_loss_that_means_nothing_for_a_model_is_refused(recipe, chosen, way_out):
    with pytest.raises(ParameterError, match=rf"Received: loss='{chosen['loss']}'. {way_out}"):
        plan(recipe, **chosen)


def plan(recipe="mnist-dense", setting="tuned", preset="full", shape=(28, 28, 1), **overrides):
    return plan_training(recipe, setting, preset, Overrides(**overrides), shape)


@pytest.mark.parametrize("name", RECIPES)
def test_on_its_own_data_a_recipe_is_what_its_module_says(name):
    recipe = get_recipe(name)
    for setting, variant in recipe.variants.items():
        planned = plan(name, setting, shape=recipe.native_shape)
        assert (planned.model, planned.training) == (variant.model, variant.training)


@pytest.mark.parametrize("name", RECIPES)
def test_its_settings_have_the_same_code_size(name):
    assert len({variant.model.code_size for variant in get_recipe(name).variants.values()}) == 1


@pytest.mark.parametrize("name", RECIPES)
def test_large_images_have_models_of_a_size_that_can_be_published(name):
    for setting in get_recipe(name).variants:
        model = plan_training(name, setting, "full", Overrides(), (64, 64, 3)).model
        assert count_parameters(model, (64, 64, 3)) < 7e7
        assert model.code_size <= 512


def test_a_model_that_starts_as_pca_has_a_lower_rate_on_larger_images():
    native = get_recipe("faces-conv").tuned.training.learning_rate
    rates = {shape: plan("faces-conv", shape=shape).training.learning_rate for shape in [(16, 16, 1), (48, 48, 3)]}
    assert rates == {(16, 16, 1): native, (48, 48, 3): pytest.approx(native / 6.75)}
    assert plan("faces-conv", shape=(48, 48, 3), learning_rate=0.01).training.learning_rate == 0.01
    assert plan("mnist-dense", shape=(64, 64, 3)).training.learning_rate == plan("mnist-dense").training.learning_rate


@pytest.mark.parametrize(
    ("shape", "code", "size"),
    [
        ((64, 64, 3), 512, "4x4 patches of 16x16 pixels, 32 values each: a code of 512, 24.0 times fewer"),
        ((256, 256, 3), 2048, "8x8 patches of 32x32 pixels, 32 values each: a code of 2048, 96.0 times fewer"),
        ((128, 96, 1), 864, "8x6 patches of 16x16 pixels, 18 values each: a code of 864, 14.2 times fewer"),
        ((512, 512, 3), 4096, "16x16 patches of 32x32 pixels, 16 values each: a code of 4096, 192.0 times fewer"),
    ],
)
def test_large_images_are_made_of_patches_with_8_values_for_each_pixel_of_a_side(shape, code, size):
    model = plan("faces-conv", shape=shape).model
    assert (model.architecture, model.code_size) == ("strided", code)
    assert size in describe_patches(model, shape)
    assert count_parameters(model, shape) < 1_000_000


@pytest.mark.parametrize("shape", [(63, 64, 1), (47, 400, 1), (32, 32, 3)])
def test_smaller_and_narrow_images_are_not(shape):
    assert plan("faces-conv", shape=shape).model.architecture == "residual"


def test_an_architecture_and_its_patches_can_be_chosen():
    chosen = {"architecture": "residual"}
    assert plan("faces-conv", shape=(64, 64, 3), model=chosen).model.decoder_filters == (32, 32, 32)
    assert plan("faces-conv", shape=(64, 64, 3), model=chosen).model.architecture == "residual"
    model = plan("mnist-dense", model={"architecture": "strided", "block": 7, "stride": 1}, code_size=96).model
    assert "4x4 patches of 7x7 pixels, 6 values each" in describe_patches(model, (28, 28, 1))
    with pytest.raises(ParameterError, match=r"multiple of the convolutions' stride\. .*block=16, stride=3"):
        plan("faces-conv", shape=(64, 64, 3), model={"stride": 3})


def test_a_code_that_patches_can_not_share_is_refused_with_the_nearest_sizes():
    expected = r"same number of the code's values\. Received: code_size=501, .*'64x64x3'\. Choose code_size=500 or 504"
    with pytest.raises(ParameterError, match=expected):
        plan("faces-conv", shape=(64, 64, 3), code_size=501)


@pytest.mark.parametrize(
    ("shape", "block", "way_out"),
    [
        ((33, 57, 1), 40, "model.block=16"),
        ((3, 200, 3), None, "model.block=2"),
        ((1, 900, 1), 2, "model.architecture=dense"),
    ],
)
def test_an_image_too_narrow_for_patches_is_refused_with_what_is_possible(shape, block, way_out):
    with pytest.raises(ParameterError, match=rf"wider and higher than a patch's margin, .*Choose {way_out}\."):
        patch_grid(shape, 100, block)
    if way_out.startswith("model.block"):
        possible = patch_grid(shape, 1200, int(way_out.partition("=")[2]))
        assert possible.code_size == 1200


def test_what_a_user_chooses_is_not_held_to_the_largest_scaled_code():
    changed = plan_training("faces-conv", "tuned", "full", Overrides(code_size=1024), (64, 64, 3))
    assert changed.model.code_size == 1024


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (64, 64, 3)])
def test_on_any_data_the_code_stays_a_bottleneck(name, shape):
    model = plan(name, shape=shape).model
    assert 1 <= model.code_size <= math.prod(shape) / 4


def test_the_sources_numbers():
    dense, horses, faces = (get_recipe(name).published for name in ("mnist-dense", "horses-stacked", "faces-conv"))
    assert (dense.model.hidden_widths, dense.model.code_size, dense.training.batch_size) == ((392, 196), 98, 150)
    assert (dense.training.epochs, dense.training.learning_rate, dense.training.shuffle) == (5, 0.001, False)
    assert (horses.model.hidden_widths, horses.model.code_size, horses.training.learning_rate) == ((300,), 150, 0.01)
    assert (faces.model.filters, faces.model.code_size, faces.training.epochs) == ((16, 32, 64, 128), 256, 600)


def test_overrides_change_what_they_name_and_nothing_else():
    changed = plan(epochs=3, code_size=7, seed=5)
    assert (changed.training.epochs, changed.model.code_size, changed.training.seed) == (3, 7, 5)
    assert changed.training.batch_size == plan().training.batch_size


def test_quick_limits_the_steps_unless_the_user_does():
    assert plan(preset="quick").training.max_steps == QUICK_STEPS
    assert plan(preset="quick", shape=(64, 64, 3)).training.max_steps == QUICK_STEPS
    assert plan(preset="quick", shape=(20, 19, 1)).training.max_steps == 2 * QUICK_STEPS
    assert plan(preset="quick", shape=(8, 8, 1)).training.max_steps == MAX_QUICK_STEPS
    assert plan(preset="quick", epochs=3).training.max_steps is None


def test_what_is_set_for_one_recipe_goes_before_what_is_set_for_all():
    assert Overrides(epochs=3, seed=1).replaced_by(Overrides(epochs=4)) == Overrides(epochs=4, seed=1)
    assert Overrides(epochs=3).replaced_by(None) == Overrides(epochs=3)


def test_a_code_that_is_no_bottleneck_is_refused():
    with pytest.raises(
        ParameterError, match=r"at most a quarter.*Received: code_size=197\. Choose code_size up to 196"
    ):
        plan(code_size=197)


def test_an_unknown_recipe_names_the_known_ones():
    with pytest.raises(ParameterError, match=r"mnist-dense, .*faces-sparse.*\. Received: recipe='mnist'"):
        get_recipe("mnist")


@pytest.mark.parametrize("bad", [{"epochs": 0}, {"learning_rate": 0}, {"epoch": 3}, {"batch_size": "many"}])
def test_bad_overrides_are_refused(bad):
    with pytest.raises(ValidationError):
        Overrides(**bad)


def test_a_split_that_the_data_does_not_allow_becomes_the_nearest_one():
    assert plan_split("mnist-dense", "published", SplitOverrides(), False, False).label == "fraction-in-order"
    assert plan_split("faces-conv", "tuned", SplitOverrides(), True, False).method == "official"
    assert plan_split("faces-conv", "tuned", SplitOverrides(), False, True).method == "known-persons"


def test_a_split_that_the_user_names_is_taken():
    split = plan_split("faces-conv", "tuned", SplitOverrides(method="unseen-persons", seed=3), False, True)
    assert (split.method, split.seed, split.test_fraction) == ("unseen-persons", 3, 0.2)


def test_recipe_names_are_an_enumeration_of_the_recipes():
    assert [str(name) for name in RecipeName] == recipe_names()
    assert [str(name) for name in OWN_RECIPES] == list(RECIPES)


@pytest.mark.parametrize(
    ("recipe", "chosen", "kind", "level"),
    [
        ("faces-conv", {"corruption": "blind-spot"}, "blind-spot", 0.2),
        ("faces-conv", {"corruption": {"kind": "gaussian", "level": 0.3}}, "gaussian", 0.3),
        ("mnist-denoising", {"corruption": {"level": 0.1}}, "heteroscedastic", 0.1),
        ("mnist-denoising", {"corruption": "heteroscedastic"}, "heteroscedastic", 0.4),
        ("mnist-denoising", {"corruption": "blind-spot"}, "blind-spot", 0.2),
        # As a release of before there were groups has it.
        ("faces-conv", {"corruption": "gaussian", "corruption_level": 0.3}, "gaussian", 0.3),
        ("mnist-denoising", {"corruption": None, "corruption_level": None}, "heteroscedastic", 0.4),
    ],
)
def test_what_a_denoiser_undoes_can_be_chosen(recipe, chosen, kind, level):
    corruption = plan(recipe, **chosen).training.corruption
    assert (corruption.kind, corruption.level) == (kind, level)


def test_a_denoiser_can_be_made_to_undo_nothing_and_then_has_no_level():
    assert plan("mnist-denoising", corruption="none").training.corruption is None
    for recipe, chosen in (("mnist-denoising", {"kind": "none"}), ("faces-conv", {})):
        with pytest.raises(ParameterError, match=r"Received: corruption\.level=0\.1"):
            plan(recipe, corruption={"level": 0.1, **chosen})


def test_another_optimizer_needs_its_rate():
    with pytest.raises(
        ParameterError, match=r"0\.015 is muon's. Received: optimizer='adam'. Choose learning_rate, too: 0\.001"
    ):
        plan(optimizer={"name": "adam"})
    assert plan(optimizer={"name": "adam"}, learning_rate=0.001).training.optimizer.name == "adam"
    assert plan(optimizer={"momentum": 0.9}).training.learning_rate == plan().training.learning_rate
