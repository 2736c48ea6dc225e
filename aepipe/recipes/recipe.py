"""A recipe: data, preprocessing, model and training, and where it comes from."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aepipe.errors import ParameterError
from aepipe.models.architectures import AnyModelOptions
from aepipe.preprocess import Preprocessing
from aepipe.splits import SplitSettings
from aepipe.training.settings import TrainingSettings

SettingName = Literal["tuned", "published"]
# On the command line these stand where a recipe's name can stand, and mean something else.
RESERVED = (
    *("all", "data", "split", "noise", "checkpoints", "publishing", "timeouts"),
    *("model", "corruption", "augmentation", "optimizer"),
)
MAX_WORD_LETTERS = 64
WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def is_recipe_word(text: str) -> bool:
    """Tell whether a recipe can be called so: lower-case letters, digits and hyphens, and no word of the commands."""
    return len(text) <= MAX_WORD_LETTERS and text not in RESERVED and WORD.fullmatch(text) is not None


def _allowed(word: str) -> str:
    if not is_recipe_word(word):
        raise ValueError(
            f"a recipe is called by at most {MAX_WORD_LETTERS} lower-case letters, digits and hyphens, "
            f"and none is called {', '.join(RESERVED)}"
        )
    return word


RecipeWord = Annotated[str, AfterValidator(_allowed)]


class Variant(BaseModel):
    """One way to train a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: SplitSettings = Field(description="How the data set is divided.")
    model: AnyModelOptions = Field(description="The architecture and its options, for images of the native shape.")
    training: TrainingSettings = Field(description="Loss, optimizer, limits.")


class Recipe(BaseModel):
    """One autoencoder: as this project or its author trains it, and as its source has it where there is one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: RecipeWord = Field(description="What it is called everywhere.")
    aliases: tuple[RecipeWord, ...] = Field((), description="Short names, which stand for it on the command line.")
    title: str = Field(description="What it is, in a few words.")
    source: str | None = Field(None, description="Where it comes from; None for an idea of one's own.")
    data_set: str = Field(description="The data set that it is made for.")
    preprocessing: Preprocessing = Field(Preprocessing(), description="What is done to that data set.")
    native_shape: tuple[int, int, int] = Field(description="(height, width, channels) that the widths are chosen for.")
    source_unit: float = Field(1.0, description="The value of white in the source's printed numbers.")
    as_written: tuple[str, ...] = Field(
        (), description="What is taken as it is for images of any size; other sizes are scaled."
    )
    tuned: Variant = Field(description="The best that is known, with the same data and code size.")
    published: Variant | None = Field(
        None, description="What the source does, as closely as today's libraries allow; None where there is no source."
    )

    @property
    def words(self) -> tuple[str, ...]:
        """What it is called: its name and its short names."""
        return self.name, *self.aliases

    @property
    def variants(self) -> dict[SettingName, Variant]:
        """The settings that it has, by name."""
        return {"tuned": self.tuned} if self.published is None else {"tuned": self.tuned, "published": self.published}

    def variant(self, setting: SettingName) -> Variant:
        """Return one of its settings.

        Raises:
            ParameterError: it has none of this name.
        """
        if setting not in self.variants:
            rule = f"The recipe {self.name} has the setting {' and '.join(self.variants)} only."
            raise ParameterError(rule, "Choose that one, or leave the recipe out.", setting=setting)
        return self.variants[setting]
