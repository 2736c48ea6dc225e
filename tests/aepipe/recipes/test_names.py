"""What a recipe can be called."""

import pytest

from aepipe.errors import ParameterError
from aepipe.recipes import RECIPES, complete_name


def test_a_name_and_a_part_that_no_other_has_stand_for_a_recipe():
    assert [complete_name(name) for name in RECIPES] == list(RECIPES)
    assert [complete_name(part) for part in ("conv", "dense", "stacked")] == [
        "faces-conv",
        "mnist-dense",
        "horses-stacked",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("denoising", r"no other has it\. Received: recipe='denoising'\. .*mnist-denoising, faces-denoising\.$"),
        ("con", r"A recipe is one of mnist-dense, .* Received: recipe='con'"),
        ("", "Received: recipe=''"),
    ],
)
def test_anything_else_is_refused(text, problem):
    with pytest.raises(ParameterError, match=problem):
        complete_name(text)
