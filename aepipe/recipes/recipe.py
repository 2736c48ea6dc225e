"""A recipe: data, preprocessing, model and training, and where it comes from."""

from pydantic import BaseModel, ConfigDict, Field

from aepipe.models.options import AnyModelOptions
from aepipe.preprocess import Preprocessing
from aepipe.splits import SplitSettings
from aepipe.training.settings import TrainingSettings


class Setting(BaseModel):
    """One way to train a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: SplitSettings = Field(description="How the data set is divided.")
    model: AnyModelOptions = Field(description="The architecture and its options, for images of the native shape.")
    training: TrainingSettings = Field(description="Loss, optimizer, limits.")


class Recipe(BaseModel):
    """One autoencoder of the tutorials, as its source has it and as this project trains it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="What it is called everywhere.")
    title: str = Field(description="What it is, in a few words.")
    source: str = Field(description="Where it comes from.")
    data_set: str = Field(description="The data set that it is made for.")
    preprocessing: Preprocessing = Field(Preprocessing(), description="What is done to that data set.")
    native_shape: tuple[int, int, int] = Field(description="(height, width, channels) that the widths are chosen for.")
    source_unit: float = Field(1.0, description="The value of white in the source's printed numbers.")
    published: Setting = Field(description="What the source does, as closely as today's libraries allow.")
    tuned: Setting = Field(description="The best that this project knows, with the same data and code size.")
