"""Pictures that came over the network: PNG and JPEG alone, within bounds, in the form that a model takes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aepipe.datasets.formats.fitting import Size
from aepipe.datasets.formats.members import Member
from aepipe.datasets.formats.pictures import read_frames, size_of
from aepipe.datasets.formats.signatures import JPEG_SIGNATURE, PNG_SIGNATURE
from aepipe.datasets.one_by_one import _single as single_image
from aepipe.errors import UnreadKindError
from aepipe.inference.loading import LoadedModel
from aepipe.inference.reconstruction import _fit as fit_of

SIGNATURES: Mapping[str, bytes] = {"image/png": PNG_SIGNATURE, "image/jpeg": JPEG_SIGNATURE}


@dataclass(frozen=True)
class Taken:
    """A picture.

    Attributes:
        pixels: float32 in [0, 1], of the shape that the model takes.
        original: Its own pixels, (height, width, channels); None where nobody asks for them.
        white: The value of white in them.
    """

    pixels: np.ndarray
    original: np.ndarray | None
    white: float


def take(data: bytes, loaded: LoadedModel, keeps_original: bool) -> Taken:
    """Return the picture in a file's bytes, of several frames the first.

    Args:
        data: The bytes.
        loaded: The model that takes it.
        keeps_original: Whether its own pixels are asked for.

    Raises:
        BrokenFileError: the bytes are no PNG or JPEG, a damaged one, or one of too many pixels.
        ParameterError: the model takes no pictures of this shape.
    """
    if not data.startswith(tuple(SIGNATURES.values())):
        raise UnreadKindError("A body is a PNG or a JPEG.", "Convert the picture first.", num_bytes=len(data))
    fit, originals = fit_of(loaded), list[np.ndarray]()

    def reduce(pixels: np.ndarray) -> np.ndarray:
        if keeps_original:
            originals.append(np.atleast_3d(pixels))
        return fit(pixels)

    (frame,) = read_frames(Member("the body", bytes), data, reduce, first_only=True).pictures
    image = single_image(frame, loaded.trained.trained_on.sample_bits)
    pixels = loaded.preprocess(image.pixels[np.newaxis], (0, image.white))[0]
    return Taken(pixels, originals[0] if originals else None, image.white)


def num_pixels(data: bytes) -> int:
    """Return how many pixels a picture says it has; 0 where the bytes are none."""
    size: Size | None = size_of(data)
    return 0 if size is None else size[0] * size[1]
