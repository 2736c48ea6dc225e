"""What differs between releases, and whether a second run came to the same bytes."""

from releases import describe

from aepipe.releases.diff import compare, compare_models

FIRST = describe("20260101T000000Z-a", {"models/dense/model.keras": b"1", "models/conv/model.keras": b"2"})


def states(second, first=FIRST):
    return {row[0]: row[1] for row in compare_models(first, second)}


def test_equal_releases_differ_in_nothing_but_their_id():
    again = describe("20260101T000000Z-b", {"models/dense/model.keras": b"1", "models/conv/model.keras": b"2"})
    assert [row.name for row in compare(FIRST, again)] == ["recipes.dense.origin", "recipes.conv.origin"]
    assert states(again) == {"dense": "same", "conv": "same"}


def test_other_bytes_and_a_lost_model_are_told_apart():
    again = describe("20260101T000000Z-b", {"models/dense/model.keras": b"9"})
    assert states(again) == {"dense": "different", "conv": "missing"}


def test_models_that_were_kept_from_another_run_are_not_expected_again():
    recipes = {**FIRST.recipes, "conv": FIRST.recipes["conv"].model_copy(update={"origin": "20250101T000000Z-x"})}
    kept = FIRST.model_copy(update={"recipes": recipes})
    again = describe("20260101T000000Z-b", {"models/dense/model.keras": b"1"})
    assert states(again, kept) == {"dense": "same", "conv": "of another run"}


def test_what_an_older_release_does_not_say_is_no_difference_to_none():
    newer = FIRST.recipes["conv"].model_copy(update={"ssim": None, "input": None})
    again = FIRST.model_copy(update={"recipes": {**FIRST.recipes, "conv": newer}})
    assert compare(FIRST, again) == []
    better = FIRST.model_copy(update={"recipes": {**FIRST.recipes, "conv": newer.model_copy(update={"ssim": 0.9})}})
    assert [(row.name, row.before, row.after) for row in compare(FIRST, better)] == [("recipes.conv.ssim", "-", 0.9)]
