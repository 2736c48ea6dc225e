"""From a recipe and what the user changed to exactly what is trained."""

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import ParameterError
from aepipe.models.options import (
    AnyModelOptions,
    ResidualOptions,
    VariationalOptions,
    check_bottleneck,
    scale_to_pixels,
)
from aepipe.recipes import get_recipe
from aepipe.recipes.recipe import SettingName as SettingName
from aepipe.splits import SplitMethod, SplitSettings, default_method
from aepipe.training.settings import (
    CorruptionKind,
    CorruptionSettings,
    Devices,
    Keep,
    Precision,
    Schedule,
    TrainingSettings,
)

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


NO_CORRUPTION, DEFAULT_LEVEL = "none", 0.2


class Overrides(BaseModel):
    """What a run changes about a recipe's setting; what is left out stays as the setting has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int | None = Field(
        None, ge=1, le=100_000, title="Epochs", description="Most passes over the training part."
    )
    batch_size: int | None = Field(None, ge=1, le=65536, title="Batch size", description="Images a step.")
    learning_rate: float | None = Field(None, gt=0, le=1, title="Learning rate", description="Adam's highest rate.")
    code_size: int | None = Field(None, ge=1, le=65536, title="Code size", description="Number of values in the code.")
    seed: int | None = Field(
        None, ge=0, lt=2**32, title="Seed", description="What initial weights and order depend on."
    )
    max_steps: int | None = Field(None, ge=1, title="Most steps", description="Training steps after which it ends.")
    time_limit_minutes: float | None = Field(
        None, gt=0, title="Time limit", description="Minutes of training after which the best weights so far are kept."
    )
    schedule: Schedule | None = Field(
        None,
        title="Schedule",
        description="How the rate falls: not, to 0 (cosine), to a hundredth (exponential).",
    )
    warm_up_share: float | None = Field(
        None, ge=0, lt=1, title="Warm-up", description="Share of the steps in which the rate rises from 0."
    )
    weight_decay: float | None = Field(
        None, ge=0, le=1, title="Weight decay", description="Share of a kernel that a step takes, times the rate."
    )
    gradient_clip_norm: float | None = Field(
        None, gt=0, title="Gradient clipping", description="Longest gradient, over all weights together."
    )
    corruption: CorruptionKind | Literal["none"] | None = Field(
        None,
        title="Corruption",
        description="What a denoiser learns to undo; blind-spot learns it from noisy images alone.",
    )
    corruption_level: float | None = Field(
        None,
        gt=0,
        le=1,
        title="Corruption level",
        description="Standard deviation for pixels in [0, 1], or share of the pixels; by default the recipe's, or 0.2.",
    )
    precision: Precision | None = Field(
        None, title="Precision", description="auto: bfloat16 where the hardware has it; weights stay float32."
    )
    devices: Devices | None = Field(
        None, title="Devices", description="all: each batch is shared out among the machine's GPUs."
    )

    def chosen(self) -> dict:
        """Return what was set, by name."""
        return self.model_dump(exclude_none=True)

    def replaced_by(self, others: "Overrides | None") -> "Overrides":
        """Return these overrides with what the others set in its place."""
        return self if others is None else Overrides(**{**self.chosen(), **others.chosen()})


class SplitOverrides(BaseModel):
    """What a run changes about the split; what is left out stays as the recipe has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: SplitMethod | None = Field(None, title="Method", description="How the held-out part is chosen.")
    test_fraction: float | None = Field(None, gt=0, lt=1, title="Test fraction", description="Share held out.")
    validation_fraction: float | None = Field(
        None, ge=0, lt=1, title="Validation fraction", description="Share of the training part cut for validation."
    )
    seed: int | None = Field(None, ge=0, lt=2**32, title="Seed", description="What the draw depends on.")


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
    recipe_name: str,
    setting_name: SettingName,
    preset: Preset,
    overrides: Overrides,
    image_shape: tuple[int, int, int],
    goes_on: bool = False,
) -> TrainingPlan:
    """Return what is trained on images of this shape, (height, width, channels).

    Args:
        recipe_name: The recipe.
        setting_name: Which of its settings.
        preset: How long.
        overrides: What is changed about it.
        image_shape: Of one image.
        goes_on: It begins with the weights of a trained model.

    Raises:
        ParameterError: there is no such recipe, it has no such setting, or the code would be no bottleneck.
    """
    recipe = get_recipe(recipe_name)
    variant = recipe.variant(setting_name)
    num_pixels, native_pixels = math.prod(image_shape), math.prod(recipe.native_shape)
    model = scale_to_pixels(variant.model, native_pixels, num_pixels)
    changes = overrides.chosen()
    if isinstance(model, ResidualOptions) and num_pixels > native_pixels:
        # A step moves each weight by about the rate, and a code by the rate times the pixels: the start would be lost.
        changes.setdefault("learning_rate", variant.training.learning_rate * native_pixels / num_pixels)
    if "code_size" in changes:
        model = model.model_copy(update={"code_size": changes.pop("code_size")})
    changes |= _corruption(variant.training, changes.pop("corruption", None), changes.pop("corruption_level", None))
    if preset == "quick" and not {"epochs", "max_steps"} & changes.keys():
        steps = min(MAX_QUICK_STEPS, QUICK_STEPS * max(1, native_pixels // num_pixels))
        changes |= {"max_steps": steps, "epochs": steps}
    training = variant.training.model_copy(update=changes)
    return TrainingPlan(
        recipe=recipe.name,
        setting=setting_name,
        source_unit=recipe.source_unit,
        image_shape=image_shape,
        model=check_bottleneck(model, num_pixels),
        training=_going_on(training, overrides) if goes_on else training,
    )


def _corruption(training: TrainingSettings, kind: str | None, level: float | None) -> dict[str, object]:
    """Return what is changed about the noise in a training; nothing where nothing was chosen.

    Raises:
        ParameterError: there is a level of no noise.
    """
    own = training.corruption
    if kind is None and level is None:
        return {}
    if kind == NO_CORRUPTION or (kind is None and own is None):
        if level is not None:
            raise ParameterError(
                "A level is that of some corruption.", "Choose one: corruption=gaussian.", corruption_level=level
            )
        return {"corruption": None}
    has_own = own is not None and kind in (None, own.kind)
    chosen = {"kind": kind or (own and own.kind), "level": level or (own.level if own and has_own else DEFAULT_LEVEL)}
    return {"corruption": CorruptionSettings.model_validate(chosen)}


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
    recipe_name: str, setting_name: SettingName, overrides: SplitOverrides, has_official: bool, has_persons: bool
) -> SplitSettings:
    """Return the recipe's split of a built-in set, or the nearest that the set allows, with the user's changes."""
    split = get_recipe(recipe_name).variant(setting_name).split
    possible = {"fraction": True, "official": has_official, "known-persons": has_persons, "unseen-persons": has_persons}
    if not possible[split.method]:
        split = split.model_copy(update={"method": default_method(has_official, has_persons)})
    return SplitSettings(**{**split.model_dump(), **overrides.model_dump(exclude_none=True)})


def plan_own_split(overrides: SplitOverrides) -> SplitSettings:
    """Return how one's own images are divided: in one way for all recipes, with the user's changes."""
    return SplitSettings(**overrides.model_dump(exclude_none=True))
