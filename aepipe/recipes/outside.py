"""Recipes from outside: those that other distributions announce under the entry-point group aepipe.recipes."""

from collections.abc import Collection

from aepipe.announced import Group
from aepipe.errors import AepipeError
from aepipe.recipes.recipe import Recipe

ANNOUNCED = Group("aepipe.recipes", "recipe")


def load_recipe(name: str, taken: Collection[str]) -> Recipe:
    """Return the recipe that a distribution announces under this name.

    Args:
        name: One of those that are announced.
        taken: Names and short names of aepipe's own recipes.

    Raises:
        ParameterError: several announce it, its module can't be imported, or it is no recipe of this name.
    """
    recipe = ANNOUNCED.load(name, taken)
    if not isinstance(recipe, Recipe) or recipe.name != name:
        found = f"the recipe {recipe.name}" if isinstance(recipe, Recipe) else type(recipe).__name__
        rule = "What is announced under a recipe's name is the recipe of that name."
        raise ANNOUNCED.refused(rule, name, found=found)
    clashes = [alias for alias in recipe.aliases if alias in taken]
    if clashes:
        raise ANNOUNCED.refused("A recipe from outside has other short names than aepipe's own.", name, aliases=clashes)
    return recipe


def load_recipes(taken: Collection[str]) -> tuple[list[Recipe], list[str]]:
    """Return every announced recipe that can be used, and a line about each that can't."""
    recipes, problems = [], []
    for name in ANNOUNCED.names():
        try:
            recipes.append(load_recipe(name, taken))
        except AepipeError as error:
            problems.append(str(error))
    return recipes, problems
