"""Names of models: what is published, promoted, compared and loaded is a model by its name.

A recipe's model of its own data set is called as the recipe is, one of another data set recipe@data-set, or as a user
chose.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from aepipe import datasets
from aepipe.errors import ParameterError
from aepipe.recipes import RECIPES, is_recipe_word, recipe_names, spelled_out
from aepipe.recipes.recipe import MAX_WORD_LETTERS, Recipe

SIGN = "@"
# Of a name that a user chooses; no data set is in it.
ChosenName = Annotated[str, Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=MAX_WORD_LETTERS)]
MAX_DATA_SET_LETTERS = 64


def model_name(recipe: Recipe, data_set: str) -> str:
    """Return what a recipe's model of a data set is called.

    Args:
        recipe: The recipe.
        data_set: The data set's name, as the images have it after their preprocessing.
    """
    return recipe.name if data_set == own_data_set(recipe) else f"{recipe.name}{SIGN}{_slug(data_set)}"


def figure_name(recipe: str, setting: str, image_shape: tuple[int, int, int]) -> str:
    """Return what figures call a model: conv (64x64x3); one that is trained as its source does it is said to be."""
    own, (height, width, channels) = RECIPES.get(recipe), image_shape
    short = own.aliases[0] if own is not None and own.aliases else recipe
    size = f"{height}x{width}" if channels == 1 else f"{height}x{width}x{channels}"
    return f"{short} ({size})" if setting == "tuned" else f"{short} ({size}, {setting})"


def own_data_set(recipe: Recipe) -> str:
    """Return the name of the images that a recipe is made for."""
    return datasets.name_of(recipe.data_set, recipe.preprocessing.class_name)


def as_recipe(fields: Mapping[str, Any]) -> str:
    """Return the name of a model that is not given one: its recipe's."""
    return str(fields["recipe"])


def check_chosen(name: str) -> str:
    """Return a name that a user chose for a model.

    Raises:
        ParameterError: it is a recipe's, or a word of the commands.
    """
    if not is_recipe_word(name) or spelled_out(name) in recipe_names():
        raise ParameterError(
            "A chosen name is at most 64 lower-case letters, digits and hyphens, and no recipe's.",
            "Choose another, or none: a model on other data is called recipe@data-set by itself.",
            name=name,
        )
    return name


def spelled_out_model(text: str) -> str:
    """Return a model's name with its recipe's short name spelled out: conv@digits is faces-conv@digits."""
    recipe, sign, data_set = text.partition(SIGN)
    return f"{spelled_out(recipe)}{sign}{data_set}"


def _slug(text: str) -> str:
    """Return a text in the letters that keys, addresses and artifacts of every kind take."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:MAX_DATA_SET_LETTERS].rstrip("-") or "images"
