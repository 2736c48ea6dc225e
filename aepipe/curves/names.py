"""Names of trainings that are not published yet: what is trained, and what was changed about it."""

from collections.abc import Iterator
from typing import Any

from aepipe.choices import flat
from aepipe.errors import ParameterError
from aepipe.recipes import get_recipe
from aepipe.recipes.naming import SIGN, model_name
from aepipe.recipes.overrides import Overrides
from aepipe.recipes.plan import TrainingPlan, plan_training
from aepipe.recipes.trained import TrainedRecipe

MAX_LETTERS = 100


def model_of(recipe: TrainedRecipe) -> str:
    """Return what a training's model will be called where the user chose no name."""
    try:
        return model_name(get_recipe(recipe.plan.recipe), recipe.trained_on.name)
    except ParameterError:
        # The recipe of a file, or of a package that is not installed here.
        return f"{recipe.plan.recipe}{SIGN}{recipe.trained_on.name}"


def describe_changes(plan: TrainingPlan) -> str:
    """Return a plan's setting and what is another than this has it, as `tuned, learning_rate=0.003`."""
    changes = (f"{name}={_short(value)}" for name, value in _changes(plan))
    return ", ".join([plan.setting, *changes])[:MAX_LETTERS].replace("/", "-")


def _changes(plan: TrainingPlan) -> Iterator[tuple[str, Any]]:
    try:
        plain = plan_training(plan.recipe, plan.setting, "full", Overrides(), plan.image_shape)
    except ParameterError:
        return
    before, after = (
        dict(flat({**each.training.model_dump(), "model": each.model.model_dump()})) for each in (plain, plan)
    )
    for name, value in after.items():
        if before.get(name, ...) != value:
            yield name, value


def _short(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "-".join(map(_short, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
