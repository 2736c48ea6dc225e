"""From a data set's images to the images that models see: class filter, grey, size."""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe.arrays import Float32, Real
from aepipe.datasets.images import ImageData
from aepipe.errors import ParameterError


class Preprocessing(BaseModel):
    """What is done to a data set before it is split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    color: Literal["keep", "channel-mean"] = Field(
        "keep", description="Keep the channels, or replace them by their mean."
    )
    class_name: str | None = Field(None, description="Keep only the images of this class.")
    size: int | None = Field(
        None, ge=4, le=1024, description="Height and width in pixels after a bicubic resize; never enlarges."
    )


def preprocess(data: ImageData, settings: Preprocessing) -> ImageData:
    """Return the images that models see, (num_images, height, width, channels).

    uint8 stays uint8 where nothing computes on the pixels; otherwise the result is float32 in the source's unit.
    """
    if settings.class_name is not None:
        data = keep_class(data, settings.class_name)
    images = data.images
    if settings.color == "channel-mean" and images.shape[-1] > 1:
        images = images.mean(axis=-1, keepdims=True, dtype=np.float32)
    if settings.size is not None and settings.size < images.shape[1]:
        images = resize_bicubic(images, settings.size, data.pixel_range)
    return data.take(np.arange(len(data)), images=images) if images is not data.images else data


def keep_class(data: ImageData, class_name: str) -> ImageData:
    """Return the images of one class; the official training rows stay in front.

    Raises:
        ParameterError: the data set has no such class.
    """
    if class_name not in data.label_names:
        raise ParameterError(
            f"The class must be one of {data.name}'s: {', '.join(data.label_names) or 'it has no labels'}.",
            class_name=class_name,
        )
    rows = np.flatnonzero(data.labels == data.label_names.index(class_name))
    num_train = data.num_official_train
    kept_train = None if num_train is None else int(np.count_nonzero(rows < num_train))
    return data.take(rows, name=f"{data.name}-{class_name}", num_official_train=kept_train)


def resize_bicubic(
    images: Real[np.ndarray, "num_images height width channels"], size: int, pixel_range: tuple[float, float]
) -> Float32[np.ndarray, "num_images {size} {size} channels"]:
    """Return float32 images of (num_images, size, size, channels), bicubic with antialiasing, within `pixel_range`."""
    from PIL import Image

    resized = np.empty((len(images), size, size, images.shape[-1]), np.float32)
    for row, image in enumerate(images.astype(np.float32)):
        for channel in range(image.shape[-1]):
            plane = Image.fromarray(np.ascontiguousarray(image[..., channel]))
            resized[row, ..., channel] = np.asarray(plane.resize((size, size), Image.Resampling.BICUBIC))
    # Bicubic overshoots at edges.
    return np.clip(resized, *pixel_range)
