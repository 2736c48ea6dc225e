"""The recipes, by name."""

from collections.abc import Mapping
from enum import StrEnum

from aepipe.errors import ParameterError
from aepipe.recipes import faces, horses_stacked, mnist_denoising, mnist_dense, mnist_subclassed, mnist_variational
from aepipe.recipes.recipe import Recipe
from aepipe.suggestions import did_you_mean

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
# mypy wants its members spelled out: the names would stand twice.
RecipeName = StrEnum("RecipeName", {name.replace("-", "_").upper(): name for name in RECIPES})  # type: ignore[misc]


def complete_name(text: str) -> str:
    """Return the recipe's name that a part of it stands for where no other has it: conv is faces-conv.

    Raises:
        ParameterError: it is part of none, or of several.
    """
    found = _names_with(text)
    if len(found) > 1:
        raise ParameterError(
            "A part of a recipe's name stands for it where no other has it.",
            f"Choose one of {', '.join(found)}.",
            recipe=text,
        )
    return found[0] if found else get_recipe(text).name


def spelled_out(text: str) -> str:
    """Return the recipe's name that a part of it stands for, and anything else as it is."""
    found = _names_with(text)
    return found[0] if len(found) == 1 else text


def _names_with(part: str) -> list[str]:
    return [name for name in RECIPES if part in (name, *name.split("-"))]


def get_recipe(name: str) -> Recipe:
    """Return a recipe.

    Raises:
        ParameterError: there is none of this name.
    """
    if name not in RECIPES:
        rule = f"A recipe is one of {', '.join(RECIPES)}."
        raise ParameterError(rule, did_you_mean(name, RECIPES), recipe=str(name))
    return RECIPES[name]
