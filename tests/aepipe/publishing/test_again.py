"""Whether a second run came to the same bytes."""

from releases import describe

from aepipe.publishing.again import compare_models

FIRST = describe("20260101T000000Z-a", {"models/dense/model.keras": b"1", "models/conv/model.keras": b"2"})


def states(second, first=FIRST):
    return {row[0]: row[1] for row in compare_models(first, second)}


def test_equal_bytes_are_the_same():
    again = describe("20260101T000000Z-b", {"models/dense/model.keras": b"1", "models/conv/model.keras": b"2"})
    assert states(again) == {"dense": "same", "conv": "same"}


def test_other_bytes_and_a_lost_model_are_told_apart():
    again = describe("20260101T000000Z-b", {"models/dense/model.keras": b"9"})
    assert states(again) == {"dense": "different", "conv": "missing"}


def test_models_that_were_kept_from_another_run_are_not_expected_again():
    recipes = {**FIRST.recipes, "conv": FIRST.recipes["conv"].model_copy(update={"origin": "20250101T000000Z-x"})}
    kept = FIRST.model_copy(update={"recipes": recipes})
    again = describe("20260101T000000Z-b", {"models/dense/model.keras": b"1"})
    assert states(again, kept) == {"dense": "same", "conv": "of another run"}


def test_a_release_that_called_a_model_by_its_recipe_is_compared_with_one_that_has_its_name():
    old = describe("20260101T000000Z-a", {"models/faces-conv/model.keras": b"1"})
    facts = {"recipe": "faces-conv", "verdict": "first"}
    name = "faces-conv@digits"
    again = describe("20260101T000000Z-b", {f"models/{name}/model.keras": b"1"}, recipes={name: facts})
    assert states(again, old) == {name: "same"}
