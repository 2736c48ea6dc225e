"""The recipes, by name: aepipe's own, and those that other distributions announce."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from aepipe.errors import ParameterError
from aepipe.recipes import (
    faces,
    horses_stacked,
    mnist_denoising,
    mnist_dense,
    mnist_subclassed,
    mnist_variational,
    outside,
)
from aepipe.recipes.recipe import Recipe, is_recipe_word
from aepipe.suggestions import did_you_mean


def by_name(recipes: Iterable[Recipe]) -> dict[str, Recipe]:
    """Return recipes by their names.

    Raises:
        ParameterError: a name or a short name stands for two of them.
    """
    owners: dict[str, Recipe] = {}
    for recipe in recipes:
        for word in recipe.words:
            if word in owners:
                rule = "A name or a short name stands for one recipe."
                raise ParameterError(rule, word=word, recipes=[owners[word].name, recipe.name])
            owners[word] = recipe
    return {recipe.name: recipe for recipe in owners.values()}


# aepipe's own, in the order of tables and pages.
RECIPES: Mapping[str, Recipe] = by_name(
    [
        mnist_dense.RECIPE,
        mnist_subclassed.RECIPE,
        mnist_variational.RECIPE,
        mnist_denoising.RECIPE,
        horses_stacked.RECIPE,
        faces.CONVOLUTIONAL,
        faces.DENOISING,
        faces.SPARSE,
    ]
)


def _own_words() -> list[str]:
    return [word for recipe in RECIPES.values() for word in recipe.words]


def recipe_names() -> list[str]:
    """Return the names of aepipe's own recipes and of those that are announced; nothing is imported for it."""
    others = (name for name in outside.ANNOUNCED.names() if is_recipe_word(name))
    return [*RECIPES, *(name for name in others if name not in _own_words())]


# An enumeration, because Prefect shows one as a choice and refuses any other value. Its members are known when it runs.
RecipeName = StrEnum("RecipeName", {n.replace("-", "_").upper(): n for n in recipe_names()})  # type: ignore[misc]
# What a run trains that names no recipe. What is installed beside aepipe is trained where it is named.
OWN_RECIPES = [RecipeName(name) for name in RECIPES]


def get_recipe(name: str) -> Recipe:
    """Return a recipe.

    Raises:
        ParameterError: there is none of this name, or the distribution that announces it is broken.
    """
    if name in RECIPES:
        return RECIPES[name]
    if name in outside.ANNOUNCED.names():
        return outside.load_recipe(name, _own_words())
    raise _unknown(name)


def load_recipes() -> tuple[list[Recipe], list[str]]:
    """Return every recipe, and a line about each from outside that can't be used."""
    others, problems = outside.load_recipes(_own_words())
    return [*RECIPES.values(), *others], problems


def complete_name(text: str) -> str:
    """Return the recipe's name that a name or a short name stands for: conv is faces-conv.

    Raises:
        ParameterError: it stands for none, or for several from outside.
    """
    found = _names_of(text)
    if len(found) == 1:
        return found[0]
    raise _unknown(text, found)


def spelled_out(text: str) -> str:
    """Return the recipe's name that a short name stands for, and anything else as it is."""
    found = _names_of(text)
    return found[0] if len(found) == 1 else text


def source_modules(name: str) -> tuple[str, ...]:
    """Return the modules from outside that a recipe's training depends on; aepipe's own recipes are all in the plan."""
    return () if name in RECIPES else outside.ANNOUNCED.modules(name)


def _names_of(text: str) -> list[str]:
    if text in recipe_names():
        return [text]
    own = [recipe.name for recipe in RECIPES.values() if text in recipe.aliases]
    # Modules of others are imported for what nothing here is called.
    return own or [recipe.name for recipe in load_recipes()[0] if text in recipe.aliases]


def _unknown(text: str, candidates: Iterable[str] = ()) -> ParameterError:
    names = recipe_names()
    candidates = list(candidates) or [name for name in names if text in name.split("-")]
    way_out = f"Choose one of {', '.join(candidates)}." if candidates else did_you_mean(text, [*names, *_own_words()])
    return ParameterError(f"A recipe is one of {', '.join(names)}.", way_out, recipe=str(text))
