"""Recipes from outside: those that other distributions announce under the entry-point group aepipe.recipes.

What is announced is read from their metadata; a module is imported when its recipe is asked for. One that is broken is
an error of its own recipe, and stops no other.
"""

from collections.abc import Collection, Mapping
from functools import cache
from importlib import metadata

from aepipe.errors import AepipeError, ParameterError
from aepipe.recipes.recipe import Recipe

GROUP = "aepipe.recipes"


@cache
def announced() -> Mapping[str, tuple[metadata.EntryPoint, ...]]:
    """Return what installed distributions announce, by the recipe's name; nothing of theirs is imported."""
    found: dict[str, tuple[metadata.EntryPoint, ...]] = {}
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        found[point.name] = (*found.get(point.name, ()), point)
    return found


def load_recipe(name: str, taken: Collection[str]) -> Recipe:
    """Return the recipe that a distribution announces under this name.

    Args:
        name: One of `announced`.
        taken: Names and short names of aepipe's own recipes.

    Raises:
        ParameterError: several announce it, its module can't be imported, or it is no recipe of this name.
    """
    points = announced()[name]
    who = " and ".join(_distribution(point) for point in points)
    if len(points) > 1:
        raise _refused("A recipe's name is announced by one distribution.", name, who)
    if name in taken:
        raise _refused("A recipe from outside has another name than aepipe's own.", name, who)
    recipe = _imported(points[0], who)
    if not isinstance(recipe, Recipe) or recipe.name != name:
        found = f"the recipe {recipe.name}" if isinstance(recipe, Recipe) else type(recipe).__name__
        rule = "What is announced under a recipe's name is the recipe of that name."
        raise _refused(rule, name, who, found=found)
    clashes = [alias for alias in recipe.aliases if alias in taken]
    if clashes:
        raise _refused("A recipe from outside has other short names than aepipe's own.", name, who, aliases=clashes)
    return recipe


def load_recipes(taken: Collection[str]) -> tuple[list[Recipe], list[str]]:
    """Return every announced recipe that can be used, and a line about each that can't."""
    recipes, problems = [], []
    for name in announced():
        try:
            recipes.append(load_recipe(name, taken))
        except AepipeError as error:
            problems.append(str(error))
    return recipes, problems


def _imported(point: metadata.EntryPoint, who: str) -> object:
    try:
        return point.load()
    # Whatever somebody else's module raises is told as what it is: a fault of that distribution.
    except Exception as error:
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        raise _refused("A recipe's module can be imported.", point.name, who, problem=problem) from error


def _refused(rule: str, name: str, who: str, **received: object) -> ParameterError:
    return ParameterError(rule, f"Mend or uninstall {who}.", recipe=name, distribution=who, **received)


def _distribution(point: metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
