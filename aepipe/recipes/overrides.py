"""Overrides: what a run changes about a recipe's setting, by the names of the settings themselves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from aepipe.choices import Choices, choices_of
from aepipe.models.architectures import ARCHITECTURES, OPTIONS
from aepipe.splits import SplitSettings
from aepipe.training.settings import CorruptionKind, CorruptionSettings, TrainingSettings

NO_CORRUPTION = "none"
# What a group's name alone stands for: `corruption=gaussian` is `corruption.kind=gaussian`.
MAIN_NAMES = {"corruption": "kind", "model": "architecture", "optimizer": "name"}


@choices_of(*OPTIONS.values(), leave_out=("code_size",))
class ModelOverrides(Choices):
    """What a run changes about the model; each architecture has some of these options."""

    architecture: Literal[ARCHITECTURES] | None = Field(  # type: ignore[valid-type]
        None, title="Architecture", description="Another architecture; it begins with options of its own."
    )


@choices_of(CorruptionSettings)
class CorruptionOverrides(Choices):
    """What a run changes about the noise that a denoiser learns to undo."""

    kind: Literal[CorruptionKind, "none"] | None = Field(
        None,
        title="Kind",
        description="What a denoiser learns to undo, or none; blind-spot learns it from noisy images alone.",
    )


@choices_of(TrainingSettings)
class Overrides(Choices):
    """What a run changes about a recipe's setting; what is left out stays as the setting has it."""

    code_size: int | None = Field(None, ge=1, le=65536, title="Code size", description="Number of values in the code.")
    model: ModelOverrides = Field(
        ModelOverrides(), title="Model", description="Widths, filters, activations and penalties of the architecture."
    )
    corruption: CorruptionOverrides = Field(
        CorruptionOverrides(), title="Corruption", description="Noise on the input while training, for denoisers."
    )

    if TYPE_CHECKING:
        # Its fields are derived, so nothing here has their names.
        def __init__(self, **chosen: Any) -> None: ...

    @classmethod
    def as_fields(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was given by the fields' names: a group's main value may stand for the group."""
        found = {
            name: {MAIN_NAMES[name]: value} if name in MAIN_NAMES and isinstance(value, str) else value
            for name, value in given.items()
        }
        # As releases have it whose run knew no groups.
        level = found.pop("corruption_level", None)
        if level is not None:
            found["corruption"] = {**dict(found.get("corruption") or {}), "level": level}
        model = found.get("model")
        if isinstance(model, Mapping) and "code_size" in model:
            found["model"] = {name: value for name, value in model.items() if name != "code_size"}
            found["code_size"] = model["code_size"]
        return found


@choices_of(SplitSettings)
class SplitOverrides(Choices):
    """What a run changes about the split; what is left out stays as the recipe has it."""
