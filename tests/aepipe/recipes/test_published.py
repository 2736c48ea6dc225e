"""The models of a release have the names of today, whichever version wrote it."""

import pytest
from releases import describe

from aepipe.recipes.published import find_model, published_models, summaries_by_name

OLD = "20260101T000000Z-a"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("olivetti-known-persons", "faces-conv"),
        ("digits-fraction", "faces-conv@digits"),
        ("images-a-fraction-in-order", "faces-conv@images-a"),
        (None, "faces-conv"),
    ],
)
def test_a_model_that_an_older_version_called_by_its_recipe_has_the_name_of_today(data, name):
    old = describe(
        OLD,
        {"models/faces-conv/model.keras": b"old"},
        recipes={"faces-conv": {"verdict": "first", **({"data": data} if data else {})}},
    )
    (model,) = published_models(old).values()
    assert (model.name, model.key, model.path("card.md")) == (name, "faces-conv", "models/faces-conv/card.md")
    # Whoever has its old name in a program finds it, too.
    assert find_model(old, "faces-conv") == find_model(old, name) == model


def test_a_model_that_says_its_recipe_is_called_as_the_release_says():
    said = {"faces-conv": {"verdict": "first", "recipe": "faces-conv", "data": "digits-fraction"}}
    named = describe(OLD, {"models/faces-conv/model.keras": b"new"}, recipes=said)
    assert list(published_models(named)) == ["faces-conv"]


def test_a_model_of_a_recipe_that_is_not_installed_keeps_its_name():
    said = {"somebodys-own": {"verdict": "failed", "data": "digits-fraction"}}
    assert list(summaries_by_name(describe(OLD, {}, recipes=said))) == ["somebodys-own"]
