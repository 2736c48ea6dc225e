"""The recipes, by name."""

from collections.abc import Mapping
from enum import StrEnum

from aepipe.errors import ParameterError
from aepipe.recipes import faces, horses_stacked, mnist_denoising, mnist_dense, mnist_subclassed, mnist_variational
from aepipe.recipes.recipe import Recipe

RECIPES: Mapping[str, Recipe] = {
    "mnist-dense": mnist_dense.RECIPE,
    "mnist-subclassed": mnist_subclassed.RECIPE,
    "mnist-variational": mnist_variational.RECIPE,
    "mnist-denoising": mnist_denoising.RECIPE,
    "horses-stacked": horses_stacked.RECIPE,
    "faces-conv": faces.CONVOLUTIONAL,
    "faces-denoising": faces.DENOISING,
    "faces-sparse": faces.SPARSE,
}

# An enumeration, because Prefect shows one as a choice and refuses any other value.
RecipeName = StrEnum("RecipeName", {name.replace("-", "_").upper(): name for name in RECIPES})


def get_recipe(name: str) -> Recipe:
    """Return a recipe.

    Raises:
        ParameterError: there is none of this name.
    """
    if name not in RECIPES:
        raise ParameterError(f"A recipe is one of {', '.join(RECIPES)}.", recipe=str(name))
    return RECIPES[name]
