"""A trained recipe, as recipe.json beside a published model says it: what was trained, and on which images."""

import math
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from aepipe.datasets.formats.fitting import Form
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.datasets.pixel_mask import PixelMask, with_mask
from aepipe.preprocess import Preprocessing
from aepipe.recipes.plan import TrainingPlan


def _rising(pixel_range: tuple[float, float]) -> tuple[float, float]:
    if not 0 < pixel_range[1] - pixel_range[0] < math.inf:
        raise ValueError("white has a larger value than black, and both are numbers")
    return pixel_range


class TrainingImages(BaseModel):
    """The images that a model was trained on, and what had been done to them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="The data set's name.")
    pixel_range: Annotated[tuple[float, float], AfterValidator(_rising)] = Field(
        description="The source's values that became 0 and 1."
    )
    preprocessing: Preprocessing = Field(description="What was done before the split.")
    pictures: PictureSettings | None = Field(None, description="What the run chose of the pictures.")
    scale: float | None = Field(
        None, gt=0, le=1, description="Side of an image over that of the picture that it was made of, where known."
    )
    sample_bits: int | None = Field(
        None, description="Bits that picture files of 16 bits a pixel used; None where there were none."
    )
    has_clean: bool = Field(
        False, description="They are noisy, and the model learned to make clean pictures of them that it was shown."
    )
    mask: PixelMask | None = Field(
        None, description="Which of their pixels count; what does not was black, and is in use. None where all count."
    )


class TrainedRecipe(BaseModel):
    """All that it takes to use a trained model on other images."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    plan: TrainingPlan = Field(description="What was trained.")
    trained_on: TrainingImages = Field(description="The images.")

    @property
    def removes_noise(self) -> bool:
        """Whether the model was trained to."""
        return self.trained_on.has_clean or self.plan.training.corruption is not None

    @property
    def form(self) -> Form:
        """What pictures are brought to for the model."""
        chosen = self.trained_on.pictures or PictureSettings()
        return with_mask(Form(self.plan.image_shape[:2], chosen.fit, chosen.color == "grey"), self.trained_on.mask)

    @property
    def without_mask(self) -> Self:
        """The same of a model that is given all that there is."""
        return self.model_copy(update={"trained_on": self.trained_on.model_copy(update={"mask": None})})

    def cover(self, pictures: np.ndarray, black: float = 0) -> np.ndarray:
        """Return pictures, of the same type, black where the pixels of such pictures don't count.

        Args:
            pictures: (..., height, width, channels), in the form of the model or as they are.
            black: Their value of black.
        """
        mask = self.trained_on.mask
        return pictures if mask is None else mask.cover(pictures, self.form.fit, black)

    @model_validator(mode="after")
    def _mask_is_of_its_images(self) -> Self:
        mask = self.trained_on.mask
        if mask is not None and mask.size != self.plan.image_shape[:2]:
            raise ValueError("a mask has the size of the images")
        return self
