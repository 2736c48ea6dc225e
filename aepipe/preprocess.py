"""From a data set's images to those that a recipe's models see: class filter, grey, size."""

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe.arrays import Float32, Real
from aepipe.datasets.choosing import keep_class
from aepipe.datasets.formats.fitting import Size
from aepipe.datasets.images import ImageData
from aepipe.datasets.picture_settings import PictureSettings


class Preprocessing(BaseModel):
    """What a recipe does to its own data set before that is split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    color: Literal["keep", "channel-mean"] = Field(
        "keep", description="Keep the channels, or replace them by their mean."
    )
    class_name: str | None = Field(None, description="Keep only the images of this class.")
    size: int | None = Field(
        None, ge=4, le=1024, description="Height and width in pixels after a bicubic resize; never enlarges."
    )

    def without(self, chosen: PictureSettings) -> "Preprocessing":
        """Return what is left of this where a run chooses class or classes, color or size itself."""
        changes = {
            "class_name": None if chosen.class_name or chosen.classes else self.class_name,
            "color": self.color if chosen.color == "keep" else "keep",
            "size": None if chosen.chosen_size else self.size,
        }
        return self.model_copy(update=changes)


def preprocess(data: ImageData, settings: Preprocessing) -> ImageData:
    """Return the images that models see, (num_images, height, width, channels).

    uint8 stays uint8 where nothing computes on the pixels; otherwise the result is float32 in the source's unit.
    """
    if settings.class_name is not None:
        data = keep_class(data, settings.class_name)
    images = np.asarray(data.images)
    if settings.color == "channel-mean" and images.shape[-1] > 1:
        images = images.mean(axis=-1, keepdims=True, dtype=np.float32)
    if settings.size is not None and settings.size < images.shape[1]:
        images = resize_bicubic(images, (settings.size, settings.size), data.pixel_range)
    return replace(data, images=images)


def resize_bicubic(
    images: Real[np.ndarray, "num_images height width channels"], size: Size, pixel_range: tuple[float, float]
) -> Float32[np.ndarray, "num_images new_height new_width channels"]:
    """Return float32 images at another (height, width), bicubic with antialiasing, within `pixel_range`."""
    from PIL import Image

    height, width = size
    resized = np.empty((len(images), height, width, images.shape[-1]), np.float32)
    for row, image in enumerate(images.astype(np.float32)):
        for channel in range(image.shape[-1]):
            plane = Image.fromarray(np.ascontiguousarray(image[..., channel]))
            resized[row, ..., channel] = np.asarray(plane.resize((width, height), Image.Resampling.BICUBIC))
    # Bicubic overshoots at edges.
    return np.clip(resized, *pixel_range)
