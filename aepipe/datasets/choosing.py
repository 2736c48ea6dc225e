"""Choosing of images that are arrays of one size already: class or normal classes, color, size."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from aepipe.datasets.formats.fitting import Form, grey
from aepipe.datasets.images import ImageData
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.errors import ParameterError


def choose_pictures(data: ImageData, chosen: PictureSettings) -> ImageData:
    """Return the images as a run chooses them.

    Raises:
        ParameterError: the data set has no such class.
    """
    if chosen.class_name is not None:
        data = keep_class(data, chosen.class_name)
    if chosen.classes is not None:
        data = replace(data, anomalous=~_is_of(data, chosen.classes))
    return replace(data, images=in_form(np.asarray(data.images), chosen))


def keep_class(data: ImageData, class_name: str) -> ImageData:
    """Return the images of one class; the official training rows stay in front.

    Raises:
        ParameterError: the data set has no such class.
    """
    rows = np.flatnonzero(_is_of(data, [class_name]))
    num_train = data.num_official_train
    kept_train = None if num_train is None else int(np.count_nonzero(rows < num_train))
    return data.take(rows, name=f"{data.name}-{class_name}", num_official_train=kept_train)


def _is_of(data: ImageData, class_names: Sequence[str]) -> np.ndarray:
    """Return of each image whether it is of one of these classes."""
    for class_name in class_names:
        if class_name not in data.label_names:
            raise ParameterError(
                f"The class must be one of {data.name}'s: {', '.join(data.label_names) or 'it has no labels'}.",
                class_name=class_name,
            )
    return np.isin(np.asarray(data.labels), [data.label_names.index(class_name) for class_name in class_names])


def in_form(images: np.ndarray, chosen: PictureSettings) -> np.ndarray:
    """Return images of (num_images, height, width, channels) as a run chooses them, of the same type.

    They keep the size that they have where none was chosen.
    """
    num_images, channels = len(images), images.shape[3]
    form = Form(chosen.chosen_size or images.shape[1:3], chosen.fit, chosen.color == "grey")
    if form.is_grey and channels == 3:
        images, channels = grey(images)[..., np.newaxis], 1
    if form.size != images.shape[1:3]:
        found = np.empty((num_images, *form.size, channels), images.dtype)
        for row, image in enumerate(images):
            found[row] = form.apply(image)
        images = found
    return np.repeat(images, 3, axis=-1) if chosen.color == "rgb" and channels == 1 else images
