"""A recipe file is a recipe: whole, or what differs from another; what is wrong is said with its line."""

import json
import tomllib

import jsonschema
import pytest
from distributions import FILE

from aepipe.errors import ParameterError
from aepipe.recipes import RECIPES
from aepipe.recipes.file import MAX_CHARACTERS, read_recipe, schema_of_files, write_recipe
from aepipe.recipes.overrides import Overrides
from aepipe.recipes.plan import plan_training

SETTINGS = [(name, setting) for name, recipe in RECIPES.items() for setting in recipe.variants]
NARROW = 'name = "narrow"\nextends = "dense"\n\n[model]\nhidden_widths = [1000, 500, 250]\ncode_size = 30\n'


@pytest.mark.parametrize(("name", "setting"), SETTINGS)
def test_a_recipe_that_was_written_is_read_as_the_same(name, setting):
    recipe = RECIPES[name]
    text = write_recipe(recipe, setting)
    expected = {"name": f"my-{name}", "aliases": (), "tuned": recipe.variant(setting), "published": None}
    assert read_recipe(text) == recipe.model_copy(update=expected)
    jsonschema.validate(tomllib.loads(text), json.loads(schema_of_files()))
    assert text.count("\n") <= 60, "one screen"


def test_a_file_says_what_differs_from_another_recipe():
    recipe, base = read_recipe(NARROW), RECIPES["mnist-dense"]
    assert (recipe.name, recipe.data_set, recipe.tuned.training) == ("narrow", "mnist", base.tuned.training)
    assert (recipe.tuned.model.hidden_widths, recipe.tuned.model.code_size) == ((1000, 500, 250), 30)
    assert recipe.tuned.model.activation == base.tuned.model.activation
    assert list(recipe.variants) == ["tuned"]


def test_the_pages_file_is_a_recipe():
    recipe = read_recipe(FILE)
    assert (recipe.name, recipe.tuned.model.hidden_widths, recipe.tuned.training.epochs) == (
        "parts",
        (1000, 500, 250),
        30,
    )


def test_what_a_file_says_is_not_scaled_unless_it_says_for_which_images():
    model = plan_training(read_recipe(NARROW), "tuned", "full", Overrides(), (32, 32, 3)).model
    assert (model.hidden_widths, model.code_size) == ((1000, 500, 250), 30)
    scaled = read_recipe(NARROW.replace("\n\n", "\nnative_shape = [28, 28, 1]\n\n"))
    assert plan_training(scaled, "tuned", "full", Overrides(), (32, 32, 3)).model.code_size == 118
    slow = 'name = "slow"\nextends = "conv"\n[training]\nlearning_rate = 0.002\n'
    assert plan_training(read_recipe(slow), "tuned", "full", Overrides(), (64, 64, 3)).training.learning_rate == 0.002


def test_a_whole_recipe_names_its_data_and_its_architecture():
    text = 'name = "own"\ndata_set = "cifar10"\npreprocessing.color = "channel-mean"\n'
    text += '[model]\narchitecture = "convolutional"\nfilters = [8, 16]\ncode_size = 64\n'
    text += '[training]\nepochs = 3\naugmentation.flip = true\ncorruption.kind = "dropout"\n'
    recipe = read_recipe(text)
    assert (recipe.native_shape, recipe.tuned.model.filters) == ((32, 32, 1), (8, 16))
    assert recipe.tuned.training.augmentation.flip
    assert recipe.tuned.training.corruption.kind == "dropout"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            f"{NARROW}\n[training]\nepochs = 0\n",
            "^Line 9: Input should be greater than or equal to 1. Received: training",
        ),
        (f"{NARROW}\n[training]\nepoch = 1\n", "^Line 9: .*Did you mean epochs?"),
        (f"{NARROW}\n[trainin]\nepochs = 1\n", "^Line 8: .*Did you mean training?"),
        ('name = "a"\nextends = "dense"\nepochs = 3\n', "^Line 3: .*Did you mean training.epochs?"),
        (
            'name = "a"\nextends = "dense"\n[training.corruption]\nkind = "gausian"\n',
            "^Line 4: .*Did you mean gaussian?",
        ),
        (
            'name = "a"\nextends = "dense"\n[model]\nfilters = [3]\n',
            "^Line 4: .*has the options code_size, .*model.filters=",
        ),
        ('name = "a"\nextends = "dens"\n', "Did you mean dense?"),
        ('name = "a"\n=', "at line 2, column 1"),
        ('name = "conv"\nextends = "dense"\n', "none of a recipe that is there. Received: name='conv'"),
        ('name = "A b"\nextends = "dense"\n', "^Line 1: .*lower-case letters"),
        ('extends = "dense"\n', "says the recipe's name"),
        ('name = "a"\n', "what it extends, or its data_set"),
        (
            'name = "a"\ndata_set = "images:/x"\n[model]\narchitecture = "dense"\n',
            "made for one of mnist, .*--data-set",
        ),
        (
            'name = "a"\ndata_set = "mnist"\n[model]\narchitecture = "dense"\n',
            "^Line 4: .*needs model.code_size and model.hidden",
        ),
        ('name = "a"\ndata_set = "mnist"\n', "one of dense, .*Choose model.architecture"),
        (
            'name = "a"\nextends = "dense"\n[model]\nzero_centred = true\n',
            "^Line 3: .*output_activation that gives negative values: linear, tanh, elu",
        ),
        ('name = "a"\nextends = "conv"\n[model]\nzero_centred = true\n', "^Line 4: .*takes the images' mean off"),
        ('name = "a"\nextends = "mnist-variational"\n[training]\nloss = "ssim"\n', "^Line 4: .*likelihood"),
        ('name = "a"\nextends = "dense"\n[training.corruption]\nlevel = 0.1\n', "^Line 4: .*that of some corruption"),
        ("#" * MAX_CHARACTERS + "#", "at most"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_line(text, problem):
    with pytest.raises(ParameterError, match=problem) as refused:
        read_recipe(text)
    assert "\n" not in str(refused.value)
