"""Restoration: what a denoiser makes of pictures, at their own size, with their channels and bits."""

from typing import TYPE_CHECKING

import numpy as np

from aepipe.datasets.images import images_at_once
from aepipe.errors import ParameterError
from aepipe.inference.inputs import checked_range
from aepipe.inference.tiles import through_tiles

if TYPE_CHECKING:
    from aepipe.inference.loading import LoadedModel

CHANNELS = (1, 3)


def restore_arrays(
    loaded: "LoadedModel", images: np.ndarray, pixel_range: tuple[float, float] | None = None
) -> np.ndarray:
    """Return images that a model restored, of the same shape and type; those of another size than its own in tiles.

    A model of grey images takes each channel of a colour image by itself; one of colour images takes a grey image as
    three equal channels, and their mean is the result.

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
    height, width, channels = loaded.image_shape

    def compute(tiles: np.ndarray) -> np.ndarray:
        scaled = (tiles.astype(np.float32) - black) * np.float32(1 / (white - black))
        restored: np.ndarray = np.clip(_through_model(loaded, scaled), 0, 1)
        return restored * np.float32(white - black) + np.float32(black)

    at_once = images_at_once(height, width, max(channels, pictures.shape[-1]))
    return through_tiles(pictures, (height, width), compute, at_once).reshape(images.shape)


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
