"""Anybody's images in the form that a trained model takes: its channels, its size, pixels in [0, 1]."""

import numpy as np

from aepipe.arrays import Float32
from aepipe.datasets.formats.fitting import grey, window
from aepipe.datasets.images import ImageData
from aepipe.errors import ParameterError
from aepipe.preprocess import preprocess, resize_bicubic
from aepipe.recipes.trained import TrainedRecipe

FLOAT_RANGE = (0.0, 1.0)
BYTE_RANGE = (0.0, 255.0)


def to_model_input(
    images: np.ndarray, trained: TrainedRecipe, pixel_range: tuple[float, float] | None = None
) -> Float32[np.ndarray, "num_images height width channels"]:
    """Return images as the model was trained on them; what is already so stays as it is.

    What did not count in training becomes black. The training's preprocessing comes first. Where that leaves another
    size, images are resized (bicubic); where it leaves other channels, a grey model gets their mean (their brightness
    where the run made its pictures grey), a colour model the grey channel three times.

    Args:
        images: (num_images, height, width) or (num_images, height, width, channels), of integers or floats.
        trained: The model's recipe.
        pixel_range: The values of black and white. By default floats have 0 and 1; integers have the values of the
            training images, or 0 and 255 where those were floats or these have 8 bits and those more.

    Returns:
        float32 (num_images, height, width, channels) in [0, 1], of the shape that the model takes.

    Raises:
        ParameterError: the images have another shape or type, or pixels outside of their range.
    """
    images = np.asarray(images)
    images = images[..., np.newaxis] if images.ndim == 3 else images
    _check_shape(images, trained.plan.image_shape)
    pixel_range = checked_range(images, trained, pixel_range)
    # Before they are resized, lest it comes into what counts, and after that.
    images = trained.cover(images, pixel_range[0])
    # A class is chosen from a data set, not from what somebody wants reconstructed.
    settings = trained.trained_on.preprocessing.model_copy(update={"class_name": None})
    data = preprocess(ImageData("images", images, pixel_range), settings)
    form, seen = trained.form, np.asarray(data.images)
    if form.is_grey and seen.shape[-1] == 3:
        seen = grey(seen)[..., np.newaxis]
    pixels = _with_channels(seen, trained.plan.image_shape[2])
    if pixels.shape[1:3] != form.size:
        pixels = resize_bicubic(pixels, form.size, pixel_range)
    return trained.cover(ImageData("images", pixels, pixel_range).scaled())


def checked_range(
    images: np.ndarray, trained: TrainedRecipe, pixel_range: tuple[float, float] | None
) -> tuple[float, float]:
    """Return the values of black and white in images, which have no others outside of them.

    Args:
        images: Of integers or floats.
        trained: The recipe of the model that they are for.
        pixel_range: The values that were named; where None, those that `to_model_input` takes.

    Raises:
        ParameterError: the images have another type, or pixels outside of the range.
    """
    pixel_range = pixel_range or _default_range(images.dtype, trained.trained_on.pixel_range)
    _check_pixels(images, pixel_range)
    return pixel_range


def _check_shape(images: np.ndarray, image_shape: tuple[int, int, int]) -> None:
    if images.ndim != 4 or not images.size or images.shape[-1] not in (1, 3):
        raise ParameterError(
            "Images have the shape (n, height, width), with 1 or 3 channels at the end or none, and are at least one.",
            shape=images.shape,
        )
    own, wanted = images.shape[1:3], image_shape[:2]
    if window(own, wanted)[2:] != own:
        raise ParameterError(
            f"Images have the shape of those that the model takes, {wanted[0]} x {wanted[1]} pixels; any size of it is "
            "resized.",
            "Crop them first.",
            shape=images.shape,
        )


def _default_range(dtype: np.dtype, trained_range: tuple[float, float]) -> tuple[float, float]:
    if dtype.kind == "f":
        return FLOAT_RANGE
    if dtype.kind not in "ui":
        raise ParameterError("Pixels are integers or floats.", dtype=str(dtype))
    has_more_bits = dtype == np.uint8 and trained_range[1] > BYTE_RANGE[1]
    return BYTE_RANGE if trained_range == FLOAT_RANGE or has_more_bits else trained_range


def _check_pixels(images: np.ndarray, pixel_range: tuple[float, float]) -> None:
    minimum, maximum = pixel_range
    # A NaN fails this too.
    if not (images.min() >= minimum and images.max() <= maximum):
        raise ParameterError(
            f"Pixels of {images.dtype} images lie from {minimum:g} to {maximum:g} here.",
            "Name the values of black and white, for example pixel_range=(0, 255).",
            minimum=images.min().item(),
            maximum=images.max().item(),
        )


def _with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    if images.shape[-1] == channels:
        return images
    if channels == 1:
        grey: np.ndarray = images.mean(axis=-1, keepdims=True, dtype=np.float32)
        return grey
    return np.repeat(images, channels, axis=-1)
