"""What a recipe can be called."""

import pytest

from aepipe import recipes
from aepipe.choices import groups_of
from aepipe.cli.arguments import GROUPS, parse_changes, parse_recipes
from aepipe.errors import ParameterError
from aepipe.recipes import RECIPES, by_name, complete_name, spelled_out
from aepipe.recipes.overrides import Overrides
from aepipe.recipes.recipe import RESERVED

# Scripts and schedules of other people hold on to them: they are only ever added to.
PROMISED = {
    "conv": "faces-conv",
    "sparse": "faces-sparse",
    "dense": "mnist-dense",
    "subclassed": "mnist-subclassed",
    "variational": "mnist-variational",
    "horses": "horses-stacked",
    "stacked": "horses-stacked",
}


def like(name: str, **changes):
    return RECIPES["faces-conv"].model_copy(update={"name": name, "aliases": (), "published": None, **changes})


@pytest.fixture
def add(monkeypatch):
    """Adds recipes to aepipe's own."""
    return lambda *others: monkeypatch.setattr(recipes, "RECIPES", by_name([*RECIPES.values(), *others]))


def test_a_name_and_a_short_name_stand_for_a_recipe():
    assert [complete_name(name) for name in RECIPES] == list(RECIPES)
    assert {alias: complete_name(alias) for alias in PROMISED} == PROMISED
    aliases = {alias: recipe.name for recipe in RECIPES.values() for alias in recipe.aliases}
    assert aliases.items() >= PROMISED.items()


def test_no_other_recipe_takes_a_short_name_back(add):
    add(like("shoes-conv"), like("dense-sparse-variational"))
    assert {alias: complete_name(alias) for alias in PROMISED} == PROMISED
    assert spelled_out("conv") == "faces-conv"
    assert complete_name("shoes-conv") == "shoes-conv"


@pytest.mark.parametrize("other", [like("shoes", aliases=("conv",)), like("conv"), like("faces-conv")])
def test_a_word_that_two_recipes_are_called_is_refused(other):
    word = (*other.aliases, other.name)[0]
    with pytest.raises(ParameterError, match=rf"one recipe\. Received: word='{word}', recipes=\['faces-conv', '"):
        by_name([*RECIPES.values(), other])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("denoising", r"A recipe is one of .* Received: recipe='denoising'\. Choose one of .*mnist-denoising, .*\.$"),
        ("con", r"A recipe is one of mnist-dense, .* Received: recipe='con'\. Did you mean conv\?"),
        ("", "Received: recipe=''"),
    ],
)
def test_anything_else_is_refused(text, problem):
    with pytest.raises(ParameterError, match=problem):
        complete_name(text)


def test_all_are_those_that_have_the_setting(add, monkeypatch):
    add(like("shoes"))
    monkeypatch.setattr("aepipe.cli.arguments.RECIPES", recipes.RECIPES)
    with_source = [name for name, recipe in recipes.RECIPES.items() if recipe.published]
    assert parse_recipes("all") == list(recipes.RECIPES)
    assert parse_recipes("all", "published") == with_source
    assert "shoes" not in with_source
    assert parse_recipes("all, shoes", "published") == [*with_source, "shoes"]


def test_what_else_stands_where_a_recipe_can_is_no_recipe():
    assert {*GROUPS, *groups_of(Overrides), "all"} <= set(RESERVED)
    for word in (*RESERVED, "", "Conv", "a_b", "a b", "a-", "../a", "a.b", "a" * 65):
        with pytest.raises(ValueError, match="lower-case letters, digits and hyphens, and none is called all, data"):
            type(RECIPES["faces-conv"])(**{**dict(RECIPES["faces-conv"]), "name": word})


def test_a_short_name_stands_before_the_dot(add):
    add(like("shoes-conv"))
    assert parse_changes(["conv.epochs=2"])["recipe_overrides"] == {"faces-conv": {"epochs": "2"}}
