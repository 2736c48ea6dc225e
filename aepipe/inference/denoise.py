"""Denoising of arrays: images of any size and channels, restored at their own size."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from aepipe.datasets.formats.fitting import Size
from aepipe.datasets.images import images_at_once
from aepipe.errors import ParameterError
from aepipe.inference.inputs import checked_range
from aepipe.inference.scales import reduced, with_coarse
from aepipe.inference.tiles import through_tiles

if TYPE_CHECKING:
    from aepipe.inference.loaded import LoadedModel

CHANNELS = (1, 3)


def restore_arrays(
    loaded: "LoadedModel", images: np.ndarray, pixel_range: tuple[float, float] | None = None
) -> np.ndarray:
    """Return images that a model restored, of the same shape and type.

    Those of another size than the model's are restored in overlapping tiles, with their pixels as they are. A model of
    pictures that were made smaller knows things at that scale alone: larger ones are restored at that scale, too, and
    what is coarse in them is taken from there.

    A model of grey images takes each channel of a colour image by itself; one of colour images takes a grey image as
    three equal channels, and their mean is the result.

    What did not count in training is black at an image's own size, before and after.

    Args:
        loaded: The model.
        images: (num_images, height, width), with 1 or 3 channels at the end or none, of integers or floats.
        pixel_range: The values of black and white; by default as `LoadedModel.preprocess` has them.

    Raises:
        ParameterError: the images have another shape or type, or pixels outside of their range.
    """
    images = np.asarray(images)
    pictures = images[..., np.newaxis] if images.ndim == 3 else images
    if pictures.ndim != 4 or not pictures.size or pictures.shape[-1] not in CHANNELS:
        raise ParameterError(
            "Images have the shape (n, height, width), with 1 or 3 channels at the end or none, and are at least one.",
            shape=images.shape,
        )
    black, white = checked_range(pictures, loaded.trained, pixel_range)
    trained, pictures = loaded.trained, loaded.trained.cover(pictures, black)
    # Of a tile, other pixels count than of a whole picture.
    loaded = replace(loaded, trained=trained.without_mask)
    size, channels = loaded.image_shape[:2], loaded.image_shape[2]
    at_once = images_at_once(*size, max(channels, pictures.shape[-1]))

    def compute(tiles: np.ndarray) -> np.ndarray:
        scaled = (tiles.astype(np.float32) - black) * np.float32(1 / (white - black))
        restored: np.ndarray = np.clip(_through_model(loaded, scaled), 0, 1)
        return restored * np.float32(white - black) + np.float32(black)

    restored = through_tiles(pictures, size, compute, at_once)
    small_size = learned_size(loaded, pictures.shape[1:3])
    if small_size is not None:
        coarse = through_tiles(reduced(pictures, small_size), size, compute, at_once)
        restored = with_coarse(restored, coarse, (black, white))
    return trained.cover(restored, black).reshape(images.shape)


def learned_size(loaded: "LoadedModel", own: Size) -> Size | None:
    """Return the (height, width) of a picture at the scale that a model learned at; None where that is its own.

    It is at least the model's size along one side: what fits into a tile is taken as it is.
    """
    scale = loaded.trained.trained_on.scale or 1.0
    factor = max(scale, *(side / length for side, length in zip(loaded.image_shape[:2], own, strict=True)))
    return None if factor >= 1 else (max(1, round(own[0] * factor)), max(1, round(own[1] * factor)))


def _through_model(loaded: "LoadedModel", tiles: np.ndarray) -> np.ndarray:
    """Return tiles of the model's size and any channels, restored."""
    own, wanted = tiles.shape[-1], loaded.image_shape[2]
    if own == wanted:
        return loaded.reconstruct(tiles)
    if wanted == 1:
        # Channels become pictures, and pictures channels again.
        apart = np.moveaxis(tiles, -1, 1).reshape(-1, *tiles.shape[1:3], 1)
        return np.moveaxis(loaded.reconstruct(apart).reshape(len(tiles), own, *tiles.shape[1:3]), 1, -1)
    restored: np.ndarray = loaded.reconstruct(np.repeat(tiles, wanted, axis=-1)).mean(axis=-1, keepdims=True)
    return restored
