"""Recipes that other distributions announce."""

import importlib
import sys

import pytest
from distributions import ALIAS, NAME, SOURCE, install, install_page

from aepipe import recipes
from aepipe.announced import forget
from aepipe.errors import ParameterError
from aepipe.recipes import RECIPES, complete_name, get_recipe, recipe_names, source_modules
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.stages.fingerprint import _is_module, _read_module, module_path, source_digests

OWN = "faces-conv"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of sys.path; what was known of the others is forgotten before and after."""
    forgetting = (forget, _is_module.cache_clear, _read_module.cache_clear, module_path.cache_clear)
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    for function in forgetting:
        function()
    yield tmp_path
    for function in forgetting:
        function()
    for name in set(sys.modules) - before:
        if name.startswith(("our_recipes", "broken")):
            del sys.modules[name]
    importlib.invalidate_caches()


def problem(name: str) -> str:
    with pytest.raises(ParameterError) as refused:
        get_recipe(name)
    assert str(refused.value).count("\n") == 0
    return str(refused.value)


def test_a_recipe_from_outside_is_known_by_its_names_and_imported_when_it_is_asked_for(folder):
    install_page(folder)
    assert recipe_names() == [*RECIPES, NAME]
    assert complete_name("conv") == OWN
    assert "our_recipes" not in sys.modules
    assert complete_name(ALIAS) == NAME
    assert get_recipe(NAME).title == "A dense autoencoder with a narrow code"
    assert plan_training(NAME, "tuned", "quick", Overrides(), (8, 8, 1)).model.code_size == 8
    # What names no recipe trains aepipe's own: nothing that is installed beside it changes a schedule.
    assert [str(name) for name in recipes.OWN_RECIPES] == list(RECIPES)


def test_one_that_follows_no_source_says_so_where_the_sources_setting_is_asked_for(folder):
    install_page(folder)
    with pytest.raises(
        ParameterError, match=rf"^The recipe {NAME} has the setting tuned only\. Received: setting='pub"
    ):
        plan_training(NAME, "published", "full", Overrides(), (8, 8, 1))


def test_its_modules_count_in_a_fingerprint(folder):
    modules = {
        "our_recipes/__init__.py": "from .widths import WIDTH\nfrom our_recipes import depth\nRECIPE = None\n",
        "our_recipes/widths.py": "WIDTH = 8\n",
        "our_recipes/depth.py": "",
        "our_recipes/unused.py": "",
    }
    install(folder, "our-recipes", {NAME: "our_recipes:RECIPE"}, modules)
    assert source_modules(NAME) == ("our_recipes",)
    assert set(source_digests(source_modules(NAME))) == {"our_recipes", "our_recipes.widths", "our_recipes.depth"}
    assert source_modules(OWN) == ()


def test_a_broken_one_is_a_line_about_its_distribution_and_stops_no_other(folder):
    install_page(folder)
    install(folder, "half-done", {"half-done": "broken:RECIPE"}, {"broken.py": "import nothing_like\nas_this = 1\n"})
    install(folder, "an-int", {"an-int": "broken_int:RECIPE"}, {"broken_int.py": "RECIPE = 3\n"})
    known, problems = recipes.load_recipes()
    assert [recipe.name for recipe in known] == [*RECIPES, NAME]
    assert problems == [problem("an-int"), problem("half-done")]
    assert "='half-done 1.0', problem=\"ModuleNotFoundError: No module named 'nothing_like'\"" in problems[1]
    assert problems[0].endswith("found='int'. Mend or uninstall an-int 1.0.")
    assert complete_name(ALIAS) == NAME


@pytest.mark.parametrize("fault", ["aliases=", "alias='narrow'", "aliases=('all',)"])
def test_a_recipe_that_is_none_is_told_in_one_line(folder, fault):
    changed = SOURCE.replace('aliases=("narrow",)', fault)
    install(folder, "our-recipes", {NAME: "our_recipes:RECIPE"}, {"our_recipes.py": changed})
    assert "Mend or uninstall our-recipes 1.0." in problem(NAME)


def test_a_name_or_a_short_name_of_aepipes_own_is_not_taken_over(folder):
    renamed = SOURCE.replace(NAME, OWN)
    install(folder, "thief", {OWN: "broken_thief:RECIPE"}, {"broken_thief.py": renamed})
    install(folder, "other", {"conv": "broken_other:RECIPE"}, {"broken_other.py": SOURCE.replace(NAME, "conv")})
    shorter = SOURCE.replace('"narrow",', '"conv",')
    install(folder, "our-recipes", {NAME: "our_recipes:RECIPE"}, {"our_recipes.py": shorter})
    assert recipe_names() == [*RECIPES, NAME]
    assert get_recipe(OWN) is RECIPES[OWN]
    assert complete_name("conv") == OWN
    assert "aliases=['conv']. Mend or uninstall our-recipes 1.0." in problem(NAME)
    assert "another name than aepipe's own. Received: recipe='conv', distribution='other 1.0'" in problem("conv")
    assert any("distribution='thief 1.0'" in line for line in recipes.load_recipes()[1])


def test_two_distributions_of_one_recipe_are_both_named(folder):
    install_page(folder)
    install(folder, "copy", {NAME: "broken_copy:RECIPE"}, {"broken_copy.py": SOURCE})
    assert "Mend or uninstall copy 1.0 and our-recipes 1.0." in problem(NAME)


def test_a_short_name_of_two_from_outside_names_both(folder):
    install_page(folder)
    wider = SOURCE.replace(NAME, "digits-wide")
    install(folder, "wide", {"digits-wide": "broken_wide:RECIPE"}, {"broken_wide.py": wider})
    with pytest.raises(ParameterError, match=r"='narrow'\. Choose one of digits-narrow, digits-wide\.$"):
        complete_name(ALIAS)


def test_what_is_announced_under_another_name_is_refused(folder):
    install(folder, "our-recipes", {"digits-thin": "our_recipes:RECIPE"}, {"our_recipes.py": SOURCE})
    assert "found='the recipe digits-narrow'" in problem("digits-thin")
