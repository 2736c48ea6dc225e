"""What a model is called: by its recipe on the recipe's own data, by recipe and data set on others, or as chosen."""

import pytest
from pydantic import ValidationError

from aepipe.errors import ParameterError
from aepipe.recipes import RECIPES
from aepipe.recipes.naming import figure_name, spelled_out_model
from aepipe.recipes.plan import Overrides
from aepipe.stages.data import DataSettings
from aepipe.stages.request import TrainingRequest, describe_request, plan_requests


def name_of(recipe="faces-conv", **chosen) -> str:
    return TrainingRequest(recipe=recipe, **chosen).model


@pytest.mark.parametrize("recipe", RECIPES)
def test_on_its_own_data_a_model_is_called_as_its_recipe(recipe):
    assert name_of(recipe) == recipe
    assert name_of(recipe, data_set=RECIPES[recipe].data_set) == recipe


def test_on_other_data_it_has_the_data_sets_name_too():
    assert name_of(data_set="digits") == "faces-conv@digits"
    assert name_of(data_set="fashion-mnist") == "faces-conv@fashion-mnist"
    assert name_of(data_set="images:/data/My photos.zip") == "faces-conv@images-my-photos"
    assert name_of(data_set="images:s3://bucket/shoes/2026/") == "faces-conv@images-2026"


@pytest.mark.parametrize(
    ("recipe", "chosen", "name"),
    [
        ("horses-stacked", {}, "horses-stacked"),
        ("horses-stacked", {"class": "dog"}, "horses-stacked@cifar10-dog"),
        ("horses-stacked", {"color": "rgb"}, "horses-stacked@cifar10-horse-rgb"),
        # The recipe makes them smaller.
        ("faces-conv", {"size": "64"}, "faces-conv@olivetti-64x64"),
        ("mnist-dense", {"class": "7", "size": "20x14"}, "mnist-dense@mnist-7-20x14"),
    ],
)
def test_another_class_size_or_color_of_its_own_data_is_other_data(recipe, chosen, name):
    assert name_of(recipe, data=DataSettings.model_validate(chosen)) == name


def test_a_class_of_ones_own_images_is_other_data_and_a_size_is_not():
    data = DataSettings.model_validate({"class": "T-shirt/top", "size": "32"})
    assert name_of(data_set="images:/data/shoes", data=data) == "faces-conv@images-shoes-t-shirt-top"


def test_a_chosen_name_is_the_models_and_is_told():
    request = TrainingRequest(recipe="faces-conv", data_set="digits", name="shoes")
    assert request.model == request.failed("no room").model == "shoes"
    assert describe_request(request).endswith("on digits, called shoes")


@pytest.mark.parametrize(
    "name",
    [
        *["mnist-dense", "conv", "all", "data"],
        *["", "Shoes", "sho es", "../shoes", "a/b", "a@b", "-a", "a--b", "a.b", "x" * 65],
    ],
)
def test_a_name_that_is_another_ones_or_no_name_is_refused(name):
    with pytest.raises((ParameterError, ValidationError), match="name"):
        TrainingRequest(recipe="faces-conv", name=name)


def test_a_name_is_for_one_recipe():
    with pytest.raises(ParameterError, match=r"for the model of one recipe\. Received: name='shoes'"):
        plan_requests(["mnist-dense", "faces-conv"], Overrides(), {}, "shoes")
    (request,) = plan_requests(["mnist-dense"], Overrides(), {}, "shoes")
    assert request.model == "shoes"


def test_a_short_name_of_the_recipe_will_do():
    assert spelled_out_model("conv@digits") == "faces-conv@digits"
    assert spelled_out_model("conv") == "faces-conv"
    assert spelled_out_model("shoes") == "shoes"


@pytest.mark.parametrize(
    ("recipe", "setting", "shape", "name"),
    [
        ("faces-conv", "tuned", (64, 64, 3), "conv (64x64x3)"),
        ("mnist-dense", "published", (28, 28, 1), "dense (28x28, published)"),
        ("my-own", "tuned", (96, 128, 1), "my-own (96x128)"),
    ],
)
def test_figures_call_a_model_by_its_short_name_and_the_size_of_its_images(recipe, setting, shape, name):
    assert figure_name(recipe, setting, shape) == name
