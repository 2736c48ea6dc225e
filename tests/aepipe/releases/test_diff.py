"""What differs between releases."""

from releases import describe

from aepipe.releases.diff import compare

FIRST = describe("20260101T000000Z-a", {"models/dense/model.keras": b"1", "models/conv/model.keras": b"2"})


def test_equal_releases_differ_in_nothing_but_their_id():
    again = describe("20260101T000000Z-b", {"models/dense/model.keras": b"1", "models/conv/model.keras": b"2"})
    assert [row.name for row in compare(FIRST, again)] == ["recipes.dense.origin", "recipes.conv.origin"]


def test_what_an_older_release_does_not_say_is_no_difference_to_none():
    newer = FIRST.recipes["conv"].model_copy(update={"ssim": None, "input": None})
    again = FIRST.model_copy(update={"recipes": {**FIRST.recipes, "conv": newer}})
    assert compare(FIRST, again) == []
    better = FIRST.model_copy(update={"recipes": {**FIRST.recipes, "conv": newer.model_copy(update={"ssim": 0.9})}})
    assert [(row.name, row.before, row.after) for row in compare(FIRST, better)] == [("recipes.conv.ssim", "-", 0.9)]
