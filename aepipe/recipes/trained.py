"""What recipe.json says beside a published model: what was trained, and on which images."""

from pydantic import BaseModel, ConfigDict, Field

from aepipe.preprocess import Preprocessing
from aepipe.recipes.plan import TrainingPlan


class TrainingImages(BaseModel):
    """The images that a model was trained on, and what had been done to them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="The data set's name.")
    pixel_range: tuple[float, float] = Field(description="The source's values that became 0 and 1.")
    preprocessing: Preprocessing = Field(description="What was done before the split.")
    sample_bits: int | None = Field(
        None, description="Bits that picture files of 16 bits a pixel used; None where there were none."
    )


class TrainedRecipe(BaseModel):
    """All that it takes to use a trained model on other images."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: TrainingPlan = Field(description="What was trained.")
    trained_on: TrainingImages = Field(description="The images.")
