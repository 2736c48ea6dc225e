"""Scale of the images that a model learns from, beside the pictures that they were made of."""

import math

from aepipe import datasets
from aepipe.datasets.formats.fitting import Fit, Size, window
from aepipe.datasets.picture_settings import PictureSettings, parse_size
from aepipe.stages.facts import DataFacts


def scale_of(facts: DataFacts) -> float | None:
    """Return the side of an image over that of its picture, at most 1; None where the pictures' size is not known.

    Of one's own pictures the commonest size counts.
    """
    own = _size_of_pictures(facts)
    if own is None:
        return None
    fit = (facts.pictures or PictureSettings()).fit
    return min(1.0, _scale(own, facts.image_shape[:2], fit))


def _size_of_pictures(facts: DataFacts) -> Size | None:
    if facts.account is not None:
        return parse_size(next(iter(facts.account.sizes), "auto"))
    known = next((one for one in datasets.describe() if one.name == facts.data_set), None)
    return None if known is None or known.image_shape is None else known.image_shape[:2]


def _scale(own: Size, size: Size, fit: Fit) -> float:
    if fit == "crop":
        return size[0] / window(own, size)[2]
    scales = [side / length for side, length in zip(size, own, strict=True)]
    return min(scales) if fit == "pad" else math.sqrt(math.prod(scales))
