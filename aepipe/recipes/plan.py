"""From a recipe and what the user changed to exactly what is trained."""

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import ParameterError
from aepipe.models.architectures import AnyModelOptions
from aepipe.models.options import ResidualOptions, VariationalOptions
from aepipe.models.scaling import check_bottleneck, check_patches, scale_to_images
from aepipe.recipes import get_recipe
from aepipe.recipes.changes import change_model, change_training, check_loss, chosen_of_training
from aepipe.recipes.few_images import fitted_to_few_images
from aepipe.recipes.overrides import Overrides as Overrides
from aepipe.recipes.overrides import SplitOverrides as SplitOverrides
from aepipe.recipes.recipe import Recipe
from aepipe.recipes.recipe import SettingName as SettingName
from aepipe.splits import SplitSettings, default_method
from aepipe.training.settings import Keep, TrainingSettings

Length = Annotated[int, Field(ge=1, le=65536)]
Preset = Literal["full", "quick"]

# Enough for a recognisable reconstruction, few enough for every recipe to be done in minutes on two cores. A limit on
# steps rather than epochs, because a small data set has few steps an epoch.
QUICK_STEPS = 400
# Steps on smaller images than the recipe's take less time, and tiny ones are worth more of them.
MAX_QUICK_STEPS = 2000

# Of a training that begins with a trained model's weights: its steps and its highest rate, as shares of those of one
# that begins with nothing.
GOING_ON_STEPS, GOING_ON_RATE = 1 / 3, 0.3


class TrainingPlan(BaseModel):
    """Everything that a training's result depends on, besides data and code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str = Field(description="The recipe's name.")
    setting: SettingName = Field(description="Which of its settings.")
    source_unit: float = Field(description="The value of white in the source's printed numbers.")
    image_shape: tuple[Length, Length, Length] = Field(description="(height, width, channels).")
    model: AnyModelOptions = Field(description="The architecture, scaled to these images.")
    training: TrainingSettings = Field(description="Loss, optimizer, limits.")

    @property
    def is_generative(self) -> bool:
        """Whether codes drawn from N(0, 1) decode to new images."""
        return isinstance(self.model, VariationalOptions)

    def for_pairs(self) -> "TrainingPlan":
        """Return the plan for pairs of noisy and clean pictures: no noise is put on them, whatever the recipe's own.

        Raises:
            ParameterError: it is one of a model that makes new images.
        """
        if self.is_generative:
            raise ParameterError(
                "Pairs of noisy and clean pictures train models that restore, and no variational ones.",
                "Choose another recipe, such as conv.",
                recipe=self.recipe,
            )
        return self.model_copy(update={"training": self.training.model_copy(update={"corruption": None})})


def plan_training(
    recipe: Recipe | str,
    setting_name: SettingName,
    preset: Preset,
    overrides: Overrides,
    image_shape: tuple[int, int, int],
    goes_on: bool = False,
    num_images: int | None = None,
) -> TrainingPlan:
    """Return what is trained on images of this shape, (height, width, channels).

    Args:
        recipe: The recipe, or its name.
        setting_name: Which of its settings.
        preset: How long.
        overrides: What is changed about it.
        image_shape: Of one image.
        goes_on: It begins with the weights of a trained model.
        num_images: Of the data set; as many as the recipe's own has where None.

    Raises:
        ParameterError: there is no such recipe, it has no such setting or option, the code would be no bottleneck, or
            the patches of an image can't share it.
    """
    recipe = get_recipe(recipe) if isinstance(recipe, str) else recipe
    variant = recipe.variant(setting_name)
    num_pixels, native_pixels = math.prod(image_shape), math.prod(recipe.native_shape)
    as_written = (*recipe.as_written, *overrides.by_dotted_name())
    scaled = scale_to_images(variant.model, recipe.native_shape, image_shape, as_written)
    # What was chosen is not scaled.
    model, changes = change_model(scaled, overrides), chosen_of_training(overrides)
    training = variant.training
    if isinstance(model, ResidualOptions) and num_pixels > native_pixels and "learning_rate" not in as_written:
        # A step moves each weight by about the rate, and a code by the rate times the pixels: the start would be lost.
        rate = training.learning_rate * native_pixels / num_pixels
        training = training.model_copy(update={"learning_rate": rate})
    if setting_name == "tuned" and num_images is not None:
        training = training.model_copy(update=fitted_to_few_images(training, num_images, as_written))
    if preset == "quick" and not {"epochs", "max_steps"} & changes.keys():
        steps = min(MAX_QUICK_STEPS, QUICK_STEPS * max(1, native_pixels // num_pixels))
        changes |= {"max_steps": steps, "epochs": steps}
    training = change_training(training, changes)
    check_loss(model, training)
    return TrainingPlan(
        recipe=recipe.name,
        setting=setting_name,
        source_unit=recipe.source_unit,
        image_shape=image_shape,
        model=check_patches(check_bottleneck(model, num_pixels), image_shape),
        training=_going_on(training, overrides) if goes_on else training,
    )


def _going_on(training: TrainingSettings, overrides: Overrides) -> TrainingSettings:
    """Return settings for weights that are good already: fewer steps, and none so large that they are lost.

    What was chosen is left as it is; docs/reproductions.md has what this comes to.
    """
    keep: Keep = "best-or-start" if training.keep == "best" else training.keep
    changes = {
        "epochs": max(1, int(training.epochs * GOING_ON_STEPS)),
        "max_steps": training.max_steps and max(1, int(training.max_steps * GOING_ON_STEPS)),
        "learning_rate": training.learning_rate * GOING_ON_RATE,
        "keep": keep,
    }
    return training.model_copy(update={k: v for k, v in changes.items() if k not in overrides.chosen()})


def plan_split(
    recipe: Recipe | str, setting_name: SettingName, overrides: SplitOverrides, has_official: bool, has_persons: bool
) -> SplitSettings:
    """Return the recipe's split of a built-in set, or the nearest that the set allows, with the user's changes."""
    recipe = get_recipe(recipe) if isinstance(recipe, str) else recipe
    split = recipe.variant(setting_name).split
    possible = {"fraction": True, "official": has_official, "known-persons": has_persons, "unseen-persons": has_persons}
    if not possible[split.method]:
        split = split.model_copy(update={"method": default_method(has_official, has_persons)})
    return SplitSettings(**{**split.model_dump(), **overrides.chosen()})


def plan_own_split(overrides: SplitOverrides) -> SplitSettings:
    """Return how one's own images are divided: in one way for all recipes, with the user's changes."""
    return SplitSettings(**overrides.chosen())
